"""The composition root: the only module that knows which adapters are real.

A process has one pipeline. It is made on first use, never at import; the local host, which brings its own clock and
lets callers in without a token, hands its pipeline over before the first event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stamina.instrumentation

from shared.clock import Clock, SystemClock
from shared.embedded.archive import FolderArchive
from shared.embedded.bus import EmbeddedBus
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.tenants import EmbeddedConfigurations, EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads
from shared.pipeline import Adapters, Pipeline, assembled
from shared.settings import Settings


@dataclass(frozen=True)
class EmbeddedPipeline(Pipeline):
    """A pipeline on one machine, with the bus and the file that the local host looks after."""

    bus: EmbeddedBus
    database: Database


def embedded(settings: Settings, clock: Clock, *, open_to_all: bool = False) -> EmbeddedPipeline:
    """A pipeline on one SQLite file. Raises DatabaseInUse."""
    return embedded_on(Database(settings.database), clock, open_to_all=open_to_all)


def embedded_on(database: Database, clock: Clock, *, open_to_all: bool = False) -> EmbeddedPipeline:
    """A pipeline on a database that is open."""
    real = SystemClock()
    bus, configurations = EmbeddedBus(database, real), EmbeddedConfigurations(database)

    async def store_probe() -> Mapping[str, Any]:
        await configurations.tenants()
        return {}

    async def bus_probe() -> Mapping[str, Any]:
        backlog = bus.backlog()
        return {"active": backlog.active, "deadLetters": backlog.dead_letters}

    adapters = Adapters(
        conversations=EmbeddedConversations(database),
        threads=EmbeddedThreads(database),
        configurations=configurations,
        ledger=EmbeddedLedger(database),
        reports=EmbeddedReports(database),
        parked=EmbeddedParkedEvents(database),
        archive=FolderArchive(database.path.with_suffix(".archive")),
        publisher=bus,
        dead_letters=bus,
        bus_clock=real,
        probes={"store": store_probe, "bus": bus_probe},
    )
    # Two facts of one conversation at a time are ordinary, and so is the retry; only one that fails is worth a line.
    stamina.instrumentation.set_on_retry_hooks(())
    return EmbeddedPipeline(**vars(assembled(adapters, clock, open_to_all=open_to_all)), bus=bus, database=database)


_pipelines: list[Pipeline] = []


def pipeline() -> Pipeline:
    """This process's pipeline."""
    if not _pipelines:
        _pipelines.append(embedded(Settings(), SystemClock()))
    return _pipelines[-1]


def open_to_all() -> bool:
    """Whether callers need no token: only where a host that serves nobody else has said so."""
    return any(provided.open_to_all for provided in _pipelines)


def provide(own: Pipeline) -> None:
    """Make `own` this process's pipeline."""
    _pipelines[:] = [own]
