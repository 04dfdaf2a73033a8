"""The archive in Blob Storage: a blob per part, written once."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import ParamSpec, TypeVar

import stamina
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContentSettings, StorageErrorCode
from azure.storage.blob.aio import BlobServiceClient

from shared.conversations.ports import PartExists
from shared.errors import ArchiveUnavailable

CONTAINER = "archive"

_JSON = ContentSettings(content_type="application/json")
_WRITER = "writer"
"""Metadata of a part: a number that its writer drew."""

_retrying = stamina.AsyncRetryingCaller(attempts=3, timeout=None, wait_initial=0.2, wait_max=2.0, wait_jitter=0.2)

P = ParamSpec("P")
T = TypeVar("T")


class BlobArchive:
    """An Archive: `tenant/key/0.json` is the conversation, `1.json` its first addendum."""

    def __init__(self, client: BlobServiceClient, container: str = CONTAINER) -> None:
        self._client = client
        self._container = client.get_container_client(container)

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        writer = uuid.uuid4().hex
        await _patiently(self._upload, f"{tenant_id}/{key}/{part}.json", document, writer)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        names = await _patiently(self._names, tenant_id, key)
        documents = await asyncio.gather(*(_patiently(self._download, name) for name in names))
        return [document for document in documents if document is not None]

    async def delete(self, tenant_id: str, key: str) -> None:
        # The last part goes first: what a crash leaves is a whole beginning.
        for name in reversed(await _patiently(self._names, tenant_id, key)):
            await _patiently(self._delete, name)

    async def close(self) -> None:
        """Close the connections. Nothing depends on it: what was written is durable."""
        await self._client.close()

    async def _upload(self, name: str, document: bytes, writer: str) -> None:
        blob = self._container.get_blob_client(name)
        try:
            await blob.upload_blob(document, overwrite=False, content_settings=_JSON, metadata={_WRITER: writer})
        except ResourceExistsError as taken:
            # After a lost answer it may be our own.
            if (await blob.get_blob_properties()).metadata.get(_WRITER) != writer:
                raise PartExists from taken
        except ResourceNotFoundError as missing:
            if getattr(missing, "error_code", None) != StorageErrorCode.CONTAINER_NOT_FOUND:
                raise
            with suppress(ResourceExistsError):
                await self._container.create_container()
            await self._upload(name, document, writer)

    async def _names(self, tenant_id: str, key: str) -> list[str]:
        """The parts' names, in order."""
        try:
            listed = self._container.list_blob_names(name_starts_with=f"{tenant_id}/{key}/")
            return sorted([name async for name in listed], key=_number)
        except ResourceNotFoundError:
            return []  # without a container there is no part

    async def _download(self, name: str) -> bytes | None:
        try:
            return await (await self._container.download_blob(name)).readall()
        except ResourceNotFoundError:
            return None  # deleted since it was listed

    async def _delete(self, name: str) -> None:
        with suppress(ResourceNotFoundError):
            await self._container.delete_blob(name)


async def _patiently(operation: Callable[P, Awaitable[T]], *given: P.args, **named: P.kwargs) -> T:
    """What it gives, after three tries at most. Raises ArchiveUnavailable."""

    async def attempt() -> T:
        try:
            return await operation(*given, **named)
        except AzureError as failure:
            if _may_pass(failure):
                raise ArchiveUnavailable from failure
            raise

    return await _retrying(ArchiveUnavailable, attempt)


def _may_pass(failure: AzureError) -> bool:
    """No answer, or one that says later."""
    status = failure.status_code if isinstance(failure, HttpResponseError) else None
    return status is None or status in {408, 429} or status >= 500


def _number(name: str) -> int:
    return int(name.rpartition("/")[2].removesuffix(".json"))
