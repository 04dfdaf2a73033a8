"""Every adapter of every port. A suite asks for a port by name, and runs once against each adapter of it.

A new family of adapters is one more function in ADAPTERS.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.containers import CONTAINERS, LEDGER
from shared.azure.cosmos.contributions import CosmosRows
from shared.azure.cosmos.ledger import CosmosLedger
from shared.contributions.row import Rows
from shared.conversations.ports import ConversationStore
from shared.embedded.contributions import EmbeddedRows
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.tenants import EmbeddedConfigurations, EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads
from shared.ingress.parked_event import ParkedEvents
from shared.tenants.configurations import ConfigurationStore
from shared.threads.resolve import ThreadStore
from shared.usage.ledger import Ledger
from shared.usage.monthly_usage import UsageReports
from tests.azure.databases import Stores, connected, fresh_database
from tests.contract.test_ledger import OTHER_POLICY
from tests.fakes import (
    MemoryConfigurations,
    MemoryConversations,
    MemoryLedger,
    MemoryParked,
    MemoryReports,
    MemoryRows,
    MemoryThreads,
)
from tests.native_ids import CONTENTS, kept_in_tables


@dataclass(frozen=True)
class Adapters:
    """One adapter of each port, all of one family and all empty."""

    conversations: ConversationStore
    rows: Rows
    ledger: Ledger
    other_ledger: Ledger
    """That of another policy, in the same store."""
    threads: ThreadStore
    configurations: ConfigurationStore
    reports: UsageReports
    parked: ParkedEvents
    kept_under: Callable[[], Awaitable[Sequence[str]]] | None = None
    """All that is stored, but for contents: ids, keys, what lists are filtered by, and the whole ledger."""


async def _kept_in_tables(database: Database) -> Sequence[str]:
    return kept_in_tables(database)


async def _kept_in_containers(cosmos: Cosmos) -> Sequence[str]:
    return [
        value if isinstance(value, str) else json.dumps(value)
        for definition in CONTAINERS
        async for document in (await cosmos.container(definition.id)).read_all_items()
        for name, value in document.items()
        if name not in CONTENTS or definition is LEDGER
    ]


@asynccontextmanager
async def _memory(_: Path) -> AsyncIterator[Adapters]:
    yield Adapters(
        conversations=MemoryConversations(),
        rows=MemoryRows(),
        ledger=MemoryLedger(),
        other_ledger=MemoryLedger(OTHER_POLICY),
        threads=MemoryThreads(),
        configurations=MemoryConfigurations(),
        reports=MemoryReports(),
        parked=MemoryParked(),
    )


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Adapters]:
    database = Database(folder / "patchbay.db")
    try:
        yield Adapters(
            conversations=EmbeddedConversations(database),
            rows=EmbeddedRows(database),
            ledger=EmbeddedLedger(database),
            other_ledger=EmbeddedLedger(database, OTHER_POLICY),
            threads=EmbeddedThreads(database),
            configurations=EmbeddedConfigurations(database),
            reports=EmbeddedReports(database),
            parked=EmbeddedParkedEvents(database),
            kept_under=partial(_kept_in_tables, database),
        )
    finally:
        await database.close()


@asynccontextmanager
async def _azure(_: Path) -> AsyncIterator[Adapters]:
    """The adapters on Azure; the test is skipped unless the environment names a Cosmos endpoint."""
    async with fresh_database() as database, connected(database) as cosmos:
        stores = Stores(cosmos)
        yield Adapters(
            conversations=stores.conversations(),
            rows=CosmosRows(stores.container(LEDGER)),
            ledger=stores.ledger(),
            other_ledger=CosmosLedger(stores.container(LEDGER), OTHER_POLICY),
            threads=stores.threads(),
            configurations=stores.configurations(),
            reports=stores.reports(),
            parked=stores.parked(),
            kept_under=partial(_kept_in_containers, cosmos),
        )


ADAPTERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Adapters]]] = {
    "memory": _memory,
    "embedded": _embedded,
    "azure": _azure,
}


@pytest.fixture(params=ADAPTERS)
async def adapters(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Adapters]:
    async with ADAPTERS[request.param](tmp_path) as family:
        yield family


@pytest.fixture
def conversations(adapters: Adapters) -> ConversationStore:
    return adapters.conversations


@pytest.fixture
def rows(adapters: Adapters) -> Rows:
    return adapters.rows


@pytest.fixture
def ledger(adapters: Adapters) -> Ledger:
    return adapters.ledger


@pytest.fixture
def other_ledger(adapters: Adapters) -> Ledger:
    return adapters.other_ledger


@pytest.fixture
def threads(adapters: Adapters) -> ThreadStore:
    return adapters.threads


@pytest.fixture
def configurations(adapters: Adapters) -> ConfigurationStore:
    return adapters.configurations


@pytest.fixture
def reports(adapters: Adapters) -> UsageReports:
    return adapters.reports


@pytest.fixture
def parked(adapters: Adapters) -> ParkedEvents:
    return adapters.parked
