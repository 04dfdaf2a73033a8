"""The adapters on Azure's services: one of each port. Nothing is connected before its first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.servicebus.aio import ServiceBusClient

from shared.azure.blob.archive import BlobArchive
from shared.azure.blob.connection import connect as connect_storage
from shared.azure.blob.overflow import BlobOverflow
from shared.azure.cosmos.charge import Charges, unobserved
from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.configurations import CosmosConfigurations
from shared.azure.cosmos.connection import connect as connect_cosmos
from shared.azure.cosmos.container import Container
from shared.azure.cosmos.containers import CONFIGURATIONS, CONTAINERS, CONVERSATIONS, LEDGER, PARKED, THREADS
from shared.azure.cosmos.conversations import CosmosConversations
from shared.azure.cosmos.ledger import CosmosLedger
from shared.azure.cosmos.parked import CosmosParkedEvents
from shared.azure.cosmos.reports import CosmosReports
from shared.azure.cosmos.threads import CosmosThreads
from shared.azure.service_bus.connection import connect as connect_bus
from shared.azure.service_bus.dead_letters import ServiceBusDeadLetters
from shared.azure.service_bus.publisher import ServiceBusPublisher
from shared.clock import Clock, SystemClock
from shared.errors import BusUnavailable
from shared.pipeline import Adapters
from shared.settings import Azure
from shared.tenants.configurations import Configurations


@dataclass(frozen=True)
class _Connections:
    """The open connections of a process."""

    cosmos: Cosmos
    bus: ServiceBusClient
    publisher: ServiceBusPublisher
    archive: BlobArchive

    async def close(self) -> None:
        await self.publisher.close()
        await self.bus.close()
        await self.cosmos.close()
        await self.archive.close()

    async def bus_probe(self) -> Mapping[str, Any]:
        if not await self.publisher.reachable():
            raise BusUnavailable
        return {}

    async def archive_probe(self) -> Mapping[str, Any]:
        await self.archive.parts("_health", "_health")
        return {}


def adapters_for(services: Azure, clock: Clock, charges: Charges = unobserved) -> Adapters:
    """The adapters for the services. `charges` is called with the charge of every request to Cosmos DB."""
    cosmos, bus = connect_cosmos(services.cosmos, services.cosmos_database), connect_bus(services.service_bus)
    containers = {definition.id: Container(cosmos, definition, charges) for definition in CONTAINERS}
    configurations = Configurations(CosmosConfigurations(containers[CONFIGURATIONS.id]), clock)
    publisher, storage = ServiceBusPublisher(bus), connect_storage(services.storage)
    archive = BlobArchive(storage)
    retention, connections = configurations.retention, _Connections(cosmos, bus, publisher, archive)

    async def store_probe() -> Mapping[str, Any]:
        await configurations.tenants()
        return {}

    return Adapters(
        conversations=CosmosConversations(containers[CONVERSATIONS.id], retention, archive),
        threads=CosmosThreads(containers[THREADS.id], retention),
        configurations=configurations,
        ledger=CosmosLedger(containers[LEDGER.id]),
        reports=CosmosReports(containers[LEDGER.id]),
        parked=CosmosParkedEvents(containers[PARKED.id], retention),
        archive=archive,
        overflow=BlobOverflow(storage),
        publisher=publisher,
        dead_letters=ServiceBusDeadLetters(bus, publisher),
        bus_clock=SystemClock(),
        probes={"store": store_probe, "bus": connections.bus_probe, "archive": connections.archive_probe},
        close=connections.close,
    )
