"""The overflow in Blob Storage: a blob per content, named by its SHA-256."""

import hashlib
from contextlib import suppress

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.azure.blob.retry import BlobRetry, make_container
from shared.errors import OverflowUnavailable

CONTAINER = "overflow"

_BYTES = ContentSettings(content_type="application/octet-stream")
_LONGEST = 512
"""Characters of a place in a name; a blob's name may have 1,024."""


class BlobOverflow:
    """An Overflow: `tenant/place/sha256`."""

    def __init__(self, client: BlobServiceClient, container: str = CONTAINER) -> None:
        self._container = client.get_container_client(container)
        self._patiently = BlobRetry(OverflowUnavailable)

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        await self._patiently(self._upload, _folder(tenant_id, place) + sha256, content)

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        return await self._patiently(self._download, _folder(tenant_id, place) + sha256)

    async def delete(self, tenant_id: str, place: str) -> None:
        for name in await self._patiently(self._names, _folder(tenant_id, place)):
            await self._patiently(self._delete, name)

    async def _upload(self, name: str, content: bytes) -> None:
        try:
            # Whoever wrote this name before wrote the same.
            await self._container.upload_blob(name, content, overwrite=True, content_settings=_BYTES)
        except ResourceNotFoundError as missing:
            await make_container(self._container, missing)
            await self._upload(name, content)

    async def _download(self, name: str) -> bytes | None:
        try:
            return await (await self._container.download_blob(name)).readall()
        except ResourceNotFoundError:
            return None

    async def _names(self, folder: str) -> list[str]:
        try:
            return [name async for name in self._container.list_blob_names(name_starts_with=folder)]
        except ResourceNotFoundError:
            return []  # without a container there is no content

    async def _delete(self, name: str) -> None:
        with suppress(ResourceNotFoundError):
            await self._container.delete_blob(name)


def _folder(tenant_id: str, place: str) -> str:
    short = place if len(place) <= _LONGEST else f"~~~{hashlib.sha256(place.encode()).hexdigest()}"
    return f"{tenant_id}/{short}/"
