"""The archive on Blob Storage behind a network with faults, and what its blobs look like."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from azure.storage.blob.aio import BlobServiceClient

from shared.azure.blob.archive import BlobArchive
from shared.azure.blob.connection import connect
from shared.effects.archive import PartExists
from shared.errors import ArchiveUnavailable, Retryable
from tests.azure.blobs import own_container
from tests.azure.endpoints import endpoint
from tests.azure.network import Network

TENANT, KEY = "contoso", "c1"
_PLACE = re.compile(r"BlobEndpoint=http://([^:]+):(\d+)/")


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    found = _PLACE.search(endpoint("TEST_BLOB"))
    if found is None:
        pytest.skip("TEST_BLOB is not reached by plain HTTP, so no fault can be put in between")
    async with Network(found[1], int(found[2])) as between:
        yield between


@pytest.fixture
async def client(network: Network) -> AsyncIterator[BlobServiceClient]:
    own = connect(_PLACE.sub(f"BlobEndpoint=http://127.0.0.1:{network.port}/", endpoint("TEST_BLOB")))
    yield own
    await own.close()


@pytest.fixture
async def archive(client: BlobServiceClient) -> AsyncIterator[BlobArchive]:
    # What takes it away in the end goes past the faults.
    async with own_container("archive") as (_, container):
        yield BlobArchive(client, container)


async def test_a_part_is_a_json_document_under_tenant_and_key() -> None:
    # Given a part of a conversation with the longest key that there is
    key = "~" + "Q" * 899
    async with own_container("archive") as (client, container):
        await BlobArchive(client, container).add(TENANT, key, 3, b"{}")
        # Then a reader without this project finds it
        blob = client.get_container_client(container).get_blob_client(f"{TENANT}/{key}/3.json")
        properties = await blob.get_blob_properties()
        assert properties.content_settings.content_type == "application/json"


async def test_a_write_whose_answer_was_lost_is_a_write_that_succeeded(archive: BlobArchive, network: Network) -> None:
    await archive.add(TENANT, KEY, 0, b"before")
    # Given a network that loses an answer after the part was written
    network.cut()
    network.lose_answers = 1
    # When the part is added
    await archive.add(TENANT, KEY, 1, b"mine")
    # Then it is there, once, and still nobody may write it again
    assert network.lose_answers == 0
    assert list(await archive.parts(TENANT, KEY)) == [b"before", b"mine"]
    with pytest.raises(PartExists):
        await archive.add(TENANT, KEY, 1, b"mine")


async def test_connections_that_were_cut_are_opened_again(archive: BlobArchive, network: Network) -> None:
    await archive.add(TENANT, KEY, 0, b"before")
    # Given a server that went away and came back
    network.cut()
    # When the archive is used, then it works
    await archive.add(TENANT, KEY, 1, b"after")
    assert list(await archive.parts(TENANT, KEY)) == [b"before", b"after"]
    network.cut()
    await archive.delete(TENANT, KEY)
    assert list(await archive.parts(TENANT, KEY)) == []


async def test_a_server_out_of_reach_is_a_failure_that_may_pass(archive: BlobArchive, network: Network) -> None:
    # Given no way to the server
    network.down = True
    # When the archive is used
    uses = (archive.add(TENANT, KEY, 0, b"x"), archive.parts(TENANT, KEY), archive.delete(TENANT, KEY))
    results = await asyncio.gather(*uses, return_exceptions=True)
    # Then each use says so
    assert [type(result) for result in results] == [ArchiveUnavailable] * 3
    assert issubclass(ArchiveUnavailable, Retryable)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_says_later_is_asked_three_times(status: int) -> None:
    # Given a server that has no time
    asked = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(f"HTTP/1.1 {status} Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        account = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{port}/a;"
        async with connect(account) as client:
            # When parts are asked for, then it was asked three times
            with pytest.raises(ArchiveUnavailable):
                await BlobArchive(client).parts(TENANT, KEY)
    assert asked == 3
