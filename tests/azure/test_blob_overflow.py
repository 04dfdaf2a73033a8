"""The overflow on Blob Storage: what its blobs look like, and a server out of reach."""

import asyncio

from shared.azure.blob.connection import connect
from shared.azure.blob.overflow import BlobOverflow
from shared.errors import OverflowUnavailable, Retryable
from tests.azure.blobs import own_container

TENANT, PLACE, SHA256 = "contoso", "c1", "ab" * 32


async def test_a_content_is_a_blob_under_tenant_and_conversation() -> None:
    # Given a content that was put
    async with own_container("overflow") as (client, container):
        await BlobOverflow(client, container).put(TENANT, PLACE, SHA256, b"\x00\xff")
        # Then a reader without this project finds it, and no browser takes it for a page
        reader = client.get_container_client(container)
        properties = await reader.get_blob_client(f"{TENANT}/{PLACE}/{SHA256}").get_blob_properties()
        assert (properties.size, properties.content_settings.content_type) == (2, "application/octet-stream")


async def test_a_server_out_of_reach_is_a_failure_that_may_pass() -> None:
    # Given a server that hangs up
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        account = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{port}/a;"
        async with connect(account) as client:
            overflow = BlobOverflow(client)
            # When the overflow is used
            uses = (
                overflow.put(TENANT, PLACE, SHA256, b"x"),
                overflow.get(TENANT, PLACE, SHA256),
                overflow.delete(TENANT, PLACE),
            )
            results = await asyncio.gather(*uses, return_exceptions=True)
    # Then each use says so
    assert [type(result) for result in results] == [OverflowUnavailable] * 3
    assert issubclass(OverflowUnavailable, Retryable)
