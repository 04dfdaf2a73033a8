"""Requests to the services take no threads: a hop into one costs more than the rest of a point read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.request import getproxies

import pytest

from shared.azure.blob.archive import BlobArchive
from shared.azure.blob.connection import connect as connect_storage
from tests.azure.databases import Stores, connected
from tests.azure.endpoints import endpoint


class CountingExecutor(ThreadPoolExecutor):
    """Counts what is given to threads."""

    given = 0

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        self.given += 1
        return super().submit(work, *given, **named)


@pytest.fixture
async def executor() -> CountingExecutor:
    if getproxies():
        pytest.skip("where the environment names a proxy, each request asks whether it is meant")
    executor = CountingExecutor(1)
    asyncio.get_running_loop().set_default_executor(executor)
    return executor


async def test_none_for_cosmos(executor: CountingExecutor, database: str) -> None:
    # Given a process that is connected
    async with connected(database) as cosmos:
        store = Stores(cosmos).conversations()
        await store.read_head("contoso", "c1")
        before = executor.given
        # When it asks again, then no thread is used
        await store.read_head("contoso", "c1")
        assert executor.given == before


async def test_none_for_blobs(executor: CountingExecutor) -> None:
    async with connect_storage(endpoint("TEST_BLOB")) as client:
        archive = BlobArchive(client, "nothing")
        await archive.parts("contoso", "c1")
        before = executor.given
        await archive.parts("contoso", "c1")
        assert executor.given == before
