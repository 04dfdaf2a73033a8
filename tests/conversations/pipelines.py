"""A recorder on ports in memory, and what can be read back from it."""

from dataclasses import dataclass, field
from typing import Any

from shared.channels.receive import Receiver
from shared.channels.threads import Threads, ThreadStore
from shared.clock import MovableClock
from shared.conversations.archive import Archivist
from shared.conversations.attend import Attendant
from shared.conversations.deliver import Deliveries
from shared.conversations.ports import ConversationStore
from shared.conversations.reading import Conversations, shown
from shared.conversations.record import Recorder
from shared.conversations.sweep import Sweep
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.events.parked import ParkedEvents
from shared.tenants.configuration import Configuration
from shared.tenants.history import Configurations, ConfigurationStore, Version
from shared.usage.ledger import Ledger, recount
from tests.builders import FROM_THE_BEGINNING, contoso
from tests.fakes import (
    MemoryArchive,
    MemoryConfigurations,
    MemoryConversations,
    MemoryLedger,
    MemoryParked,
    MemoryPublisher,
    MemoryThreads,
)

NOW = parse_time("2026-11-20T12:00:00Z")


@dataclass
class InMemory:
    """The use cases around recording; any port can be another one than the fake."""

    conversations: ConversationStore = field(default_factory=MemoryConversations)
    ledger: Ledger = field(default_factory=MemoryLedger)
    clock: MovableClock = field(default_factory=lambda: MovableClock(NOW))
    configuration_store: ConfigurationStore = field(default_factory=MemoryConfigurations)
    thread_store: ThreadStore = field(default_factory=MemoryThreads)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    parked: ParkedEvents = field(default_factory=MemoryParked)

    def __post_init__(self) -> None:
        self.configurations = Configurations(self.configuration_store, self.clock)
        self.threads = Threads(self.thread_store, self.publisher)
        self.recorder = Recorder(self.conversations, self.configurations, self.ledger, self.threads, self.clock)
        self.archivist = Archivist(self.conversations, self.archive, self.threads, self.clock)
        self.attendant = Attendant(self.conversations, self.configurations, self.recorder, self.archivist, self.clock)
        self.deliveries = Deliveries(self.recorder, self.attendant, self.threads, self.parked, self.clock)
        self.receiver = Receiver(self.configurations, self.threads, self.publisher, self.conversations, self.clock)
        self.reading = Conversations(self.conversations, self.configurations, self.clock)
        self.sweep = Sweep(self.conversations, self.configurations, self.recorder, self.publisher, self.clock)

    async def configured(self, configuration: Configuration | None = None) -> "InMemory":
        """This pipeline, with a tenant."""
        chosen = configuration or contoso()
        await self.configuration_store.add(chosen.tenant_id, Version(1, FROM_THE_BEGINNING, chosen))
        return self

    async def record(self, *events: Event) -> None:
        for event in events:
            await self.recorder.record("contoso", event)

    async def drain(self) -> None:
        """Deliver what was published, until nothing is left."""
        while self.publisher.events:
            events, self.publisher.events[:] = list(self.publisher.events), []
            for event in events:
                await self.deliveries.deliver(event.to_json().encode())

    async def outcome(self, key: str = "c1") -> dict[str, Any]:
        """All that the facts of one conversation led to: head, transcript, decisions and bill."""
        loaded = await self.conversations.load("contoso", key)
        assert loaded.head is not None
        rows = [
            row.model_copy(update={"revision": 0})
            for month in await self.ledger.months("contoso")
            # The key's own prefix comes before it, and few keys share it.
            for row in (await self.ledger.rows("contoso", month, None, key[:-1], 100)).rows
            if row.key == key
        ]
        return {
            "head": shown(await self.reading.one("contoso", key)),
            "outbox": loaded.head.outbox,
            "transcript": await self.reading.transcript("contoso", key, "agent"),
            "decisions": await self.reading.decisions("contoso", key),
            "rows": rows,
        }

    async def books_balance(self) -> bool:
        """Whether the day counters are what the rows add up to."""
        for month in await self.ledger.months("contoso"):
            rows = (await self.ledger.rows("contoso", month, None, None, 100_000)).rows
            days = await self.ledger.days("contoso", month)
            if recount(rows) != {day: dict(counts) for day, counts in days.items()}:
                return False
        return True
