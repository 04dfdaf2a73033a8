"""The embedded adapters on one database: one of each port."""

from collections.abc import Mapping
from typing import Any

from shared.clock import Clock, SystemClock
from shared.embedded.archive import FolderArchive
from shared.embedded.bus import EmbeddedBus
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports, PostedRows
from shared.embedded.overflow import EmbeddedOverflow
from shared.embedded.places import archive_beside
from shared.embedded.room import refuse_without_room
from shared.embedded.tenants import EmbeddedConfigurations, EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads, ToldThreads
from shared.embedded.within_commit import WithinCommit
from shared.pipeline import Adapters
from shared.tenants.configurations import Configurations


def bus_on(database: Database) -> EmbeddedBus:
    """The bus in the database; its locks expire by the machine's clock, whatever clock the conversations have."""
    return EmbeddedBus(database, SystemClock())


def adapters_on(database: Database, bus: EmbeddedBus, clock: Clock) -> Adapters:
    """The adapters on an open database. The archive is a folder beside it."""
    configurations = Configurations(EmbeddedConfigurations(database), clock)

    async def store_probe() -> Mapping[str, Any]:
        await configurations.tenants()
        await refuse_without_room(database.path.parent)
        return {}

    async def bus_probe() -> Mapping[str, Any]:
        bus.backlog()
        return {}

    def figures() -> Mapping[str, Mapping[str, Any]]:
        backlog = bus.backlog()
        return {"bus": {"active": backlog.active, "deadLetters": backlog.dead_letters}}

    ledger = EmbeddedLedger(database)
    within = WithinCommit(
        {
            "contribute": PostedRows(ledger, configurations),
            "tellThread": ToldThreads(configurations.pseudonyms, clock),
        }
    )
    return Adapters(
        conversations=EmbeddedConversations(database, within),
        threads=EmbeddedThreads(database),
        configurations=configurations,
        ledger=ledger,
        reports=EmbeddedReports(database),
        parked=EmbeddedParkedEvents(database),
        archive=FolderArchive(archive_beside(database.path)),
        overflow=EmbeddedOverflow(database),
        publisher=bus,
        dead_letters=bus,
        bus_clock=SystemClock(),
        probes={"store": store_probe, "bus": bus_probe},
        close=database.close,
        figures=figures,
        too_deep_by=bus.too_deep_by,
    )
