"""The composition root: the only module that knows which adapters are real.

A process has one pipeline. It is made on first use, never at import; the local host, which brings its own clock and
lets callers in without a token, hands its pipeline over before the first event.
"""

from dataclasses import dataclass
from typing import Any

import stamina.instrumentation

from shared.channels.receive import Receiver
from shared.channels.replay import Parking
from shared.channels.threads import Threads
from shared.clock import Clock, SystemClock
from shared.conversations.archive import Archivist
from shared.conversations.attend import Attendant
from shared.conversations.deliver import Deliveries
from shared.conversations.reading import Conversations
from shared.conversations.record import Recorder
from shared.conversations.sweep import Sweep
from shared.embedded.archive import FolderArchive
from shared.embedded.bus import EmbeddedBus
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.tenants import EmbeddedConfigurations, EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads
from shared.events.parked import ParkedEvents
from shared.events.resubmit import Resubmission
from shared.settings import Settings
from shared.tenants.history import Configurations
from shared.usage.month import MonthlyUsage


@dataclass(frozen=True)
class Pipeline:
    """Every use case, wired. `open_to_all`: routes answer callers without a token (on the local host only)."""

    receiver: Receiver
    deliveries: Deliveries
    conversations: Conversations
    configurations: Configurations
    parked: ParkedEvents
    parking: Parking
    usage: MonthlyUsage
    sweep: Sweep
    resubmission: Resubmission
    bus: EmbeddedBus
    database: Database
    clock: Clock
    open_to_all: bool

    def health(self) -> dict[str, Any]:
        """What is reachable, and how much waits."""
        backlog = self.bus.backlog()
        return {
            "status": "healthy",
            "store": "reachable",
            "bus": {"active": backlog.active, "deadLetters": backlog.dead_letters},
            "time": self.clock.now().isoformat(),
        }


def embedded(settings: Settings, clock: Clock, *, open_to_all: bool = False) -> Pipeline:
    """A pipeline on one SQLite file. Raises DatabaseInUse."""
    return embedded_on(Database(settings.database), clock, open_to_all=open_to_all)


def embedded_on(database: Database, clock: Clock, *, open_to_all: bool = False) -> Pipeline:
    """A pipeline on a database that is open."""
    # Two facts of one conversation at a time are ordinary, and so is the retry; only one that fails is worth a line.
    stamina.instrumentation.set_on_retry_hooks(())
    real = SystemClock()
    bus = EmbeddedBus(database, real)
    store = EmbeddedConversations(database)
    configurations = Configurations(EmbeddedConfigurations(database), clock)
    ledger = EmbeddedLedger(database)
    parked = EmbeddedParkedEvents(database)
    threads = Threads(EmbeddedThreads(database), bus)
    recorder = Recorder(store, configurations, ledger, threads, clock)
    archivist = Archivist(store, FolderArchive(database.path.with_suffix(".archive")), threads, clock)
    attendant = Attendant(store, configurations, recorder, archivist, clock)
    return Pipeline(
        receiver=Receiver(configurations, threads, bus, store, clock),
        deliveries=Deliveries(recorder, attendant, threads, parked, clock),
        conversations=Conversations(store, configurations, clock),
        configurations=configurations,
        parked=parked,
        parking=Parking(parked, configurations, bus, clock),
        usage=MonthlyUsage(ledger, EmbeddedReports(database), configurations, clock),
        sweep=Sweep(store, configurations, recorder, bus, clock),
        resubmission=Resubmission(bus, real),
        bus=bus,
        database=database,
        clock=clock,
        open_to_all=open_to_all,
    )


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
