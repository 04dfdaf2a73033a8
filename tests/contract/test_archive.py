"""What every Archive promises: parts are written once, kept in order, and deleted together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest

from shared.azure.blob.archive import BlobArchive
from shared.effects.archive import Archive, PartExists
from shared.embedded.archive import FolderArchive
from tests.azure.blobs import own_container
from tests.fakes import MemoryArchive

TENANT, KEY = "contoso", "c1"
LONG = "~" + "Q" * 899


@asynccontextmanager
async def _memory(_: Path) -> AsyncIterator[Archive]:
    yield MemoryArchive()


@asynccontextmanager
async def _folder(folder: Path) -> AsyncIterator[Archive]:
    yield FolderArchive(folder / "archive")


@asynccontextmanager
async def _azure(_: Path) -> AsyncIterator[Archive]:
    async with own_container("archive") as (client, container):
        yield BlobArchive(client, container)


ADAPTERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Archive]]] = {
    "memory": _memory,
    "embedded": _folder,
    "azure": _azure,
}


@pytest.fixture(params=ADAPTERS)
async def archive(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Archive]:
    async with ADAPTERS[request.param](tmp_path) as adapter:
        yield adapter


async def test_what_was_never_archived_has_no_parts(archive: Archive) -> None:
    assert list(await archive.parts(TENANT, KEY)) == []
    await archive.delete(TENANT, KEY)
    assert list(await archive.parts(TENANT, KEY)) == []


async def test_parts_come_back_in_order_and_exactly(archive: Archive) -> None:
    # Given more parts than one digit counts, with every byte that JSON may hold
    documents = [f'{{"part": {n}, "text": "🙂\\r\\n\\t שלום"}}'.encode() for n in range(12)]
    for number, document in enumerate(documents):
        await archive.add(TENANT, KEY, number, document)
    # Then they come back
    assert list(await archive.parts(TENANT, KEY)) == documents


async def test_a_part_is_written_once(archive: Archive) -> None:
    await archive.add(TENANT, KEY, 0, b"first")
    with pytest.raises(PartExists):
        await archive.add(TENANT, KEY, 0, b"second")
    assert list(await archive.parts(TENANT, KEY)) == [b"first"]


async def test_of_concurrent_writers_of_a_part_one_wins(archive: Archive) -> None:
    # When eight write the same part at once
    writers = (archive.add(TENANT, KEY, 0, str(n).encode()) for n in range(8))
    results = await asyncio.gather(*writers, return_exceptions=True)
    # Then one did, and the others know
    assert [type(result) for result in results].count(PartExists) == 7
    assert list(await archive.parts(TENANT, KEY)) == [str(results.index(None)).encode()]


@pytest.mark.parametrize("other", [("fabrikam", KEY), (TENANT, "C1"), (TENANT, "c"), (TENANT, LONG)])
async def test_conversations_share_nothing(archive: Archive, other: tuple[str, str]) -> None:
    # Given two conversations whose keys are alike
    await archive.add(TENANT, KEY, 0, b"one")
    await archive.add(*other, 0, b"other")
    # When one is deleted
    await archive.delete(TENANT, KEY)
    # Then the other stays
    assert list(await archive.parts(TENANT, KEY)) == []
    assert list(await archive.parts(*other)) == [b"other"]


async def test_fifty_first_uses_at_once_all_work(archive: Archive) -> None:
    # When a new process archives fifty conversations at once
    await asyncio.gather(*(archive.add(TENANT, f"c{n}", 0, str(n).encode()) for n in range(50)))
    # Then each is there
    kept = await asyncio.gather(*(archive.parts(TENANT, f"c{n}") for n in range(50)))
    assert [list(parts) for parts in kept] == [[str(n).encode()] for n in range(50)]


async def test_parts_behind_a_gap_are_deleted_too(archive: Archive) -> None:
    # Given a part that somebody added while somebody else deleted those before it
    await archive.add(TENANT, KEY, 2, b"left")
    # When the conversation is deleted, and comes again
    await archive.delete(TENANT, KEY)
    for number in range(3):
        await archive.add(TENANT, KEY, number, str(number).encode())
    # Then it has its own parts
    assert list(await archive.parts(TENANT, KEY)) == [b"0", b"1", b"2"]


async def test_who_deletes_and_who_writes_at_once_hinder_nobody(archive: Archive) -> None:
    # When some write the parts of a conversation while others delete and read it
    async def written(number: int) -> None:
        with suppress(PartExists):
            await archive.add(TENANT, KEY, number % 3, b"x")

    others = (work(TENANT, KEY) for _ in range(10) for work in (archive.delete, archive.parts))
    await asyncio.gather(*map(written, range(30)), *others)
    # Then the last deletion leaves nothing
    await archive.delete(TENANT, KEY)
    await archive.add(TENANT, KEY, 0, b"new")
    assert list(await archive.parts(TENANT, KEY)) == [b"new"]
