"""Containers of blobs for tests."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from shared.azure.blob.connection import connect
from tests.azure.endpoints import endpoint


@asynccontextmanager
async def own_container(purpose: str) -> AsyncIterator[tuple[BlobServiceClient, str]]:
    """A client, and the name of a container that does not exist yet; in the end it is deleted."""
    name = f"{purpose}-{uuid.uuid4().hex}"
    async with connect(endpoint("TEST_BLOB")) as client:
        try:
            yield client, name
        finally:
            with suppress(ResourceNotFoundError):
                await client.get_container_client(name).delete_container()
