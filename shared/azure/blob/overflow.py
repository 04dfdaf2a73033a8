"""The overflow in Blob Storage: a blob per content, named by its SHA-256."""

import hashlib
from collections.abc import Sequence

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.azure.blob.container import Container
from shared.errors import OverflowUnavailable

CONTAINER = "overflow"

_BYTES = ContentSettings(content_type="application/octet-stream")
_MAX_PLACE = 512
"""Characters of a place in a blob's name, which may have 1,024."""


class BlobOverflow:
    """Implements `Overflow`: `tenant/place/sha256`."""

    def __init__(self, client: BlobServiceClient, container: str = CONTAINER) -> None:
        self._container = Container(client, container, OverflowUnavailable)

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        await self._container.retry(self._upload, _folder(tenant_id, place) + sha256, content)

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        return await self._container.download(_folder(tenant_id, place) + sha256)

    async def names(self, tenant_id: str, place: str) -> Sequence[str]:
        folder = _folder(tenant_id, place)
        return [name.removeprefix(folder) for name in await self._container.names(folder)]

    async def discard(self, tenant_id: str, place: str, sha256: str) -> None:
        await self._container.delete(_folder(tenant_id, place) + sha256)

    async def delete(self, tenant_id: str, place: str) -> None:
        for name in await self._container.names(_folder(tenant_id, place)):
            await self._container.delete(name)

    async def _upload(self, name: str, content: bytes) -> None:
        try:
            await self._container.client.upload_blob(name, content, overwrite=True, content_settings=_BYTES)
        except ResourceNotFoundError as missing:
            await self._container.create(missing)
            await self._upload(name, content)


def _folder(tenant_id: str, place: str) -> str:
    short = place if len(place) <= _MAX_PLACE else f"~~~{hashlib.sha256(place.encode()).hexdigest()}"
    return f"{tenant_id}/{short}/"
