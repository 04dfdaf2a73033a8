"""Fresh Cosmos databases on whatever endpoint the environment names, and the adapters on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from azure.core.pipeline.transport import AsyncHttpTransport

from shared.azure.cosmos.charge import Charges, unobserved
from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.configurations import CosmosConfigurations
from shared.azure.cosmos.container import TIMEOUT, Container
from shared.azure.cosmos.containers import (
    CONFIGURATIONS,
    CONVERSATIONS,
    LEDGER,
    PARKED,
    THREADS,
    ContainerDefinition,
    create_containers,
)
from shared.azure.cosmos.conversations import CosmosConversations
from shared.azure.cosmos.ledger import CosmosLedger
from shared.azure.cosmos.parked import CosmosParkedEvents
from shared.azure.cosmos.reports import CosmosReports
from shared.azure.cosmos.threads import CosmosThreads
from tests.azure.endpoints import endpoint
from tests.fakes import MemoryArchive

ENDPOINT, KEY = "TEST_COSMOS_ENDPOINT", "TEST_COSMOS_KEY"


@asynccontextmanager
async def connected(
    database: str, transport: AsyncHttpTransport[Any, Any] | None = None, kind: type[Cosmos] = Cosmos
) -> AsyncIterator[Cosmos]:
    """Yield a process's connection to the database, and close it in the end."""
    cosmos = kind(endpoint(ENDPOINT), database, endpoint(KEY), (lambda: transport) if transport else None)
    try:
        yield cosmos
    finally:
        await cosmos.close()


@asynccontextmanager
async def fresh_database() -> AsyncIterator[str]:
    """Yield the name of a new database that a process has opened before, which is deleted in the end."""
    name = f"test-{uuid4().hex}"
    async with connected(name) as owner:
        client = await owner.client()
        await create_containers(client, name)
        await owner.container(CONFIGURATIONS.id)
        try:
            yield name
        finally:
            await client.delete_database(name)


async def a_year(_: str) -> timedelta:
    """Every tenant keeps its conversations for a year."""
    return timedelta(days=365)


@dataclass(frozen=True)
class Stores:
    """Every store adapter on one connection."""

    cosmos: Cosmos
    charges: Charges = unobserved
    timeout: timedelta = TIMEOUT
    archive: MemoryArchive = field(default_factory=MemoryArchive)

    def container(self, definition: ContainerDefinition) -> Container:
        return Container(self.cosmos, definition, self.charges, self.timeout)

    def conversations(self) -> CosmosConversations:
        return CosmosConversations(self.container(CONVERSATIONS), a_year, self.archive)

    def threads(self) -> CosmosThreads:
        return CosmosThreads(self.container(THREADS), a_year)

    def ledger(self) -> CosmosLedger:
        return CosmosLedger(self.container(LEDGER))

    def reports(self) -> CosmosReports:
        return CosmosReports(self.container(LEDGER))

    def configurations(self) -> CosmosConfigurations:
        return CosmosConfigurations(self.container(CONFIGURATIONS))

    def parked(self) -> CosmosParkedEvents:
        return CosmosParkedEvents(self.container(PARKED), a_year)
