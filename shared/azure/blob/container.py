"""A container of Blob Storage: what the adapters do with blobs, repeated while a failure may pass."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

import stamina
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import StorageErrorCode
from azure.storage.blob.aio import BlobServiceClient

from shared.errors import Retryable

_retrying = stamina.AsyncRetryingCaller(attempts=3, timeout=None, wait_initial=0.2, wait_max=2.0, wait_jitter=0.2)

P = ParamSpec("P")
T = TypeVar("T")


class Container:
    """Tries each operation three times at most, then raises `unavailable`."""

    def __init__(self, client: BlobServiceClient, name: str, unavailable: Callable[[], Retryable]) -> None:
        self.client = client.get_container_client(name)
        self._unavailable = unavailable

    async def retry(self, operation: Callable[P, Awaitable[T]], *given: P.args, **named: P.kwargs) -> T:
        """The result of the operation."""

        async def attempt() -> T:
            try:
                return await operation(*given, **named)
            except AzureError as failure:
                if _may_pass(failure):
                    raise self._unavailable() from failure
                raise

        return await _retrying(Retryable, attempt)

    async def create(self, missing: ResourceNotFoundError) -> None:
        """Create the container if that is what was `missing`; else raise `missing` again."""
        if getattr(missing, "error_code", None) != StorageErrorCode.CONTAINER_NOT_FOUND:
            raise missing
        with suppress(ResourceExistsError):
            await self.client.create_container()

    async def names(self, prefix: str) -> list[str]:
        """The names of the blobs that begin so; none where there is no container."""
        return await self.retry(self._names, prefix)

    async def download(self, name: str) -> bytes | None:
        """The content of the blob; None where there is no such blob."""
        return await self.retry(self._download, name)

    async def exists(self, name: str) -> bool:
        """True if there is such a blob."""
        return await self.retry(self.client.get_blob_client(name).exists)

    async def delete(self, name: str) -> None:
        """Delete the blob. Where there is none, nothing happens."""
        await self.retry(self._delete, name)

    async def _names(self, prefix: str) -> list[str]:
        try:
            return [name async for name in self.client.list_blob_names(name_starts_with=prefix)]
        except ResourceNotFoundError:
            return []

    async def _download(self, name: str) -> bytes | None:
        try:
            return await (await self.client.download_blob(name)).readall()
        except ResourceNotFoundError:
            return None

    async def _delete(self, name: str) -> None:
        with suppress(ResourceNotFoundError):
            await self.client.delete_blob(name)


def _may_pass(failure: AzureError) -> bool:
    """True if there was no answer, or one that says to try later."""
    status = failure.status_code if isinstance(failure, HttpResponseError) else None
    return status is None or status in {408, 429} or status >= 500
