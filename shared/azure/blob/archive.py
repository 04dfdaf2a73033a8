"""The archive in Blob Storage: a blob per part, written once."""

import uuid
from collections.abc import Sequence

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from shared.azure.blob.container import Container
from shared.effects.archive import PartExists
from shared.errors import ArchiveUnavailable

CONTAINER = "archive"

_JSON = ContentSettings(content_type="application/json")
_WRITER = "writer"
"""Metadata of a part: a random id of the call that wrote it."""


class BlobArchive:
    """Implements `Archive`: `tenant/key/0.json` is the conversation, `1.json` its first addendum."""

    def __init__(self, client: BlobServiceClient, container: str = CONTAINER) -> None:
        self._client = client
        self._container = Container(client, container, ArchiveUnavailable)

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        writer = uuid.uuid4().hex
        await self._container.retry(self._upload, _name(tenant_id, key, part), document, writer)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        # Listing costs ten times what a read costs, and nearly every conversation has one part.
        documents: list[bytes] = []
        while (document := await self._container.download(_name(tenant_id, key, len(documents)))) is not None:
            documents.append(document)
        return documents

    async def delete(self, tenant_id: str, key: str) -> None:
        count = 0
        while await self._container.exists(_name(tenant_id, key, count)):
            count += 1
        # The last part goes first: what a crash leaves is a whole beginning.
        for part in reversed(range(count)):
            await self._container.delete(_name(tenant_id, key, part))
        if count == 0:
            # Somebody may have added a part while somebody else deleted those before it.
            for name in await self._container.names(f"{tenant_id}/{key}/"):
                await self._container.delete(name)

    async def close(self) -> None:
        """Close the connections. Without it nothing is lost: every write is durable."""
        await self._client.close()

    async def _upload(self, name: str, document: bytes, writer: str) -> None:
        blob = self._container.client.get_blob_client(name)
        try:
            await blob.upload_blob(document, overwrite=False, content_settings=_JSON, metadata={_WRITER: writer})
        except ResourceExistsError as taken:
            # After a lost answer the part may be our own.
            if await _writer_of(blob) != writer:
                raise PartExists from taken
        except ResourceNotFoundError as missing:
            await self._container.create(missing)
            await self._upload(name, document, writer)


async def _writer_of(blob: BlobClient) -> str | None:
    """Who wrote the part; None if it was deleted meanwhile."""
    try:
        return (await blob.get_blob_properties()).metadata.get(_WRITER)
    except ResourceNotFoundError:
        return None


def _name(tenant_id: str, key: str, part: int) -> str:
    return f"{tenant_id}/{key}/{part}.json"
