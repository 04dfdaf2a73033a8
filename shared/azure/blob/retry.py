"""Retrying requests to Blob Storage whose failure may pass, and creating a missing container."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

import stamina
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import StorageErrorCode
from azure.storage.blob.aio import ContainerClient

from shared.errors import Retryable

_retrying = stamina.AsyncRetryingCaller(attempts=3, timeout=None, wait_initial=0.2, wait_max=2.0, wait_jitter=0.2)

P = ParamSpec("P")
T = TypeVar("T")


class BlobRetry:
    """Tries an operation up to three times; a failure that has not passed by then is raised as the given error."""

    def __init__(self, unavailable: Callable[[], Retryable]) -> None:
        self._unavailable = unavailable

    async def __call__(self, operation: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs) -> T:
        """The operation's result. Raises the given error."""

        async def attempt() -> T:
            try:
                return await operation(*arguments, **options)
            except AzureError as failure:
                if _may_pass(failure):
                    raise self._unavailable() from failure
                raise

        return await _retrying(Retryable, attempt)


async def make_container(container: ContainerClient, missing: ResourceNotFoundError) -> None:
    """Create the missing container; raises `missing` again if something else was missing."""
    if getattr(missing, "error_code", None) != StorageErrorCode.CONTAINER_NOT_FOUND:
        raise missing
    with suppress(ResourceExistsError):
        await container.create_container()


def _may_pass(failure: AzureError) -> bool:
    """True if there was no answer, or one that asks to try later."""
    status = failure.status_code if isinstance(failure, HttpResponseError) else None
    return status is None or status in {408, 429} or status >= 500
