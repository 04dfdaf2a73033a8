"""What every Overflow promises: contents come back byte for byte, stay apart by place, and are deleted by place."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from shared.azure.blob.overflow import BlobOverflow
from shared.embedded.database import Database
from shared.embedded.overflow import EmbeddedOverflow
from shared.events.overflow import POSTS, Overflow
from tests.azure.blobs import own_container
from tests.fakes import MemoryOverflow

TENANT, KEY = "contoso", "c1"
LONG = "~" + "Q" * 899
LARGE = bytes(range(256)) * 4096


@asynccontextmanager
async def _memory(_: Path) -> AsyncIterator[Overflow]:
    yield MemoryOverflow()


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Overflow]:
    database = Database(folder / "patchbay.db")
    try:
        yield EmbeddedOverflow(database)
    finally:
        await database.close()


@asynccontextmanager
async def _azure(_: Path) -> AsyncIterator[Overflow]:
    async with own_container("overflow") as (client, container):
        yield BlobOverflow(client, container)


ADAPTERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Overflow]]] = {
    "memory": _memory,
    "embedded": _embedded,
    "azure": _azure,
}


@pytest.fixture(params=ADAPTERS)
async def overflow(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Overflow]:
    async with ADAPTERS[request.param](tmp_path) as adapter:
        yield adapter


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_what_was_never_kept_is_not_there(overflow: Overflow) -> None:
    assert await overflow.get(TENANT, KEY, digest(b"x")) is None
    await overflow.delete(TENANT, KEY)
    assert await overflow.get(TENANT, KEY, digest(b"x")) is None


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "a-megabyte"])
@pytest.mark.parametrize("place", [KEY, LONG, "+" + "0" * 64, "~Y29udG9zby8x"], ids=["key", "long", "own", "encoded"])
async def test_contents_come_back_byte_for_byte(overflow: Overflow, place: str, content: bytes) -> None:
    await overflow.put(TENANT, place, digest(content), content)
    assert await overflow.get(TENANT, place, digest(content)) == content


async def test_to_put_it_again_changes_nothing(overflow: Overflow) -> None:
    # When eight put the same content at once, and once more later
    await asyncio.gather(*(overflow.put(TENANT, KEY, digest(b"same"), b"same") for _ in range(8)))
    await overflow.put(TENANT, KEY, digest(b"same"), b"same")
    # Then it is there
    assert await overflow.get(TENANT, KEY, digest(b"same")) == b"same"


async def test_of_a_note_that_is_put_again_the_newer_one_is_there(overflow: Overflow) -> None:
    for note in (b"yesterday", b"today"):
        await overflow.put(TENANT, POSTS, digest(b"a post"), note)
    assert await overflow.get(TENANT, POSTS, digest(b"a post")) == b"today"
    assert await overflow.names(TENANT, POSTS) == [digest(b"a post")]


@pytest.mark.parametrize("other", [("fabrikam", KEY), (TENANT, "C1"), (TENANT, "c"), (TENANT, "c11"), (TENANT, LONG)])
async def test_places_share_nothing(overflow: Overflow, other: tuple[str, str]) -> None:
    # Given the same content in two places that are alike, one of which has more
    for place in ((TENANT, KEY), other):
        await overflow.put(*place, digest(b"same"), b"same")
    await overflow.put(TENANT, KEY, digest(b"more"), b"more")
    assert await overflow.get(*other, digest(b"more")) is None
    # When that one is deleted
    await overflow.delete(TENANT, KEY)
    # Then all of it is gone, and the other stays
    assert [await overflow.get(TENANT, KEY, digest(one)) for one in (b"same", b"more")] == [None, None]
    assert await overflow.get(*other, digest(b"same")) == b"same"


async def test_contents_are_named_and_discarded_one_by_one(overflow: Overflow) -> None:
    # Given two contents of a place, and one of another
    names = sorted(digest(content) for content in (b"one", b"two"))
    for content in (b"one", b"two"):
        await overflow.put(TENANT, KEY, digest(content), content)
    await overflow.put(TENANT, "c2", digest(b"one"), b"one")
    # Then they are named in order; and one that is discarded is gone there alone, however often
    assert list(await overflow.names(TENANT, KEY)) == names
    assert list(await overflow.names("fabrikam", KEY)) == list(await overflow.names(TENANT, "c")) == []
    for _ in range(2):
        await overflow.discard(TENANT, KEY, digest(b"one"))
    assert list(await overflow.names(TENANT, KEY)) == [digest(b"two")]
    assert await overflow.get(TENANT, "c2", digest(b"one")) == b"one"
