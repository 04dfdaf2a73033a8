"""A recorder on ports in memory, and functions that read its results."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from typing import Any

from shared.clock import Clock, MovableClock
from shared.conversations.ports import ConversationStore
from shared.conversations.record import Recorder
from shared.conversations.transcript import Audience, TranscriptEntry
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.ingress.parked_event import ParkedEvents
from shared.pipeline import Adapters, Pipeline, assembled
from shared.telemetry import OFF, Telemetry
from shared.tenants.configuration import Configuration
from shared.tenants.configurations import Configurations, ConfigurationStore
from shared.tenants.history import Version
from shared.threads.resolve import ThreadStore
from shared.timers.perform import Timers
from shared.traced.wiring import traced
from shared.usage.bot_session import invoiced_conversation
from shared.usage.ledger import Ledger
from shared.usage.monthly_usage import UsageReports
from shared.usage.recount import differing_days, recounted
from tests import fakes
from tests.builders import CONFIGURED, contoso
from tests.fakes import (
    MemoryArchive,
    MemoryBus,
    MemoryConfigurations,
    MemoryConversations,
    MemoryLedger,
    MemoryOverflow,
    MemoryParked,
    MemoryPublisher,
    MemoryReports,
    MemoryThreads,
)
from tests.seeds import TENANT_SECRET

NOW = parse_time("2026-11-20T12:00:00Z")


def _as_assembled(pipeline: Pipeline) -> Pipeline:
    return pipeline


@dataclass
class InMemory:
    """The use cases around recording; any port can be another one than the fake.

    `rewired` may replace use cases of the assembled pipeline, as negative controls do.
    """

    conversations: ConversationStore = field(default_factory=MemoryConversations)
    ledger: Ledger = field(default_factory=lambda: MemoryLedger(clock=MovableClock(NOW)))
    clock: MovableClock = field(default_factory=lambda: MovableClock(NOW))
    configuration_store: ConfigurationStore = field(default_factory=MemoryConfigurations)
    configured_by: Callable[[ConfigurationStore, Clock], Configurations] = Configurations
    thread_store: ThreadStore = field(default_factory=MemoryThreads)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    overflow: MemoryOverflow = field(default_factory=MemoryOverflow)
    parked: ParkedEvents = field(default_factory=MemoryParked)
    reports: UsageReports = field(default_factory=MemoryReports)
    telemetry: Telemetry = OFF
    rewired: Callable[[Pipeline], Pipeline] = _as_assembled

    def __post_init__(self) -> None:
        adapters = Adapters(
            conversations=self.conversations,
            threads=self.thread_store,
            configurations=self.configured_by(self.configuration_store, self.clock),
            ledger=self.ledger,
            reports=self.reports,
            parked=self.parked,
            archive=self.archive,
            overflow=self.overflow,
            publisher=self.publisher,
            dead_letters=MemoryBus(),
            bus_clock=self.clock,
            probes={},
            close=_nothing_is_open,
        )
        seen = traced(adapters, self.clock, self.telemetry, store="memory", archive="memory", overflow="memory")
        wired = self.rewired(assembled(seen, self.clock, telemetry=self.telemetry))
        self.configurations, self.receiver, self.deliveries = wired.configurations, wired.receiver, wired.deliveries
        within = wired.deliveries
        self.threads, self.recorder, self.timers = within.threads, within.recorder, within.timers
        self.reading, self.sweep, self.rebuild = wired.conversations, wired.sweep, wired.rebuild
        self.finder = wired.finder
        self.repair, self.usage, self.parked_event_service = wired.repair, wired.usage, wired.parked_event_service
        self.forgotten, self.unacknowledged = wired.forgotten, wired.unacknowledged

    async def configured(self, configuration: Configuration | None = None, since: datetime = CONFIGURED) -> "InMemory":
        """Add a tenant, as it was first configured at this time. Returns this pipeline."""
        chosen = configuration or contoso()
        first = Version(1, since, chosen)
        await self.configuration_store.create(chosen.tenant_id, first, TENANT_SECRET.encode())
        return self

    def copied(self) -> "InMemory":
        """A pipeline on copies of the stores, to go on another way from here; the clock is the same one."""
        return replace(self, **{name: _copied(getattr(self, name)) for name in STORES})

    async def record(self, *events: Event) -> None:
        for event in events:
            await self.recorder.record("contoso", event)

    async def drain(self) -> None:
        """Deliver the published events, until none is left."""
        while self.publisher.events:
            events, self.publisher.events[:] = list(self.publisher.events), []
            for event in events:
                await self.deliveries.deliver(event.to_json().encode())

    async def lines(self, key: str, audience: Audience) -> list[TranscriptEntry]:
        """A conversation's whole transcript, page by page."""
        page = await self.reading.transcript("contoso", key, audience)
        entries = [*page.entries]
        while page.continuation is not None:
            page = await self.reading.transcript("contoso", key, audience, page.continuation)
            entries += page.entries
        return entries

    async def outcome(self, key: str = "c1") -> dict[str, Any]:
        """All results of the facts of one conversation: head, transcript, decisions and bill."""
        loaded = await self.conversations.load("contoso", key)
        assert loaded.head is not None
        rows = [
            row.without_turns().model_copy(update={"revision": 0})
            for month in await self.ledger.months("contoso")
            # The key's own prefix comes before it, and few keys share it.
            for row in (await self.ledger.rows("contoso", month, None, key[:-1], 100)).rows
            if row.key == key
        ]
        head = await self.reading.one("contoso", key)
        return {
            "head": invoiced_conversation(head),
            "outbox": loaded.head.outbox,
            "transcript": await self.lines(key, "agent"),
            "decisions": await self.reading.decisions("contoso", key),
            "rows": rows,
        }

    async def books_balance(self) -> bool:
        """True if the counters are what the rows and the corrections add up to."""
        for month in await self.ledger.months("contoso"):
            books = await self.ledger.books("contoso", month)
            if differing_days(books, await recounted(self.ledger, "contoso", month)):
                return False
        return True


Pipelines = Callable[..., InMemory]
"""Makes a pipeline, as `InMemory` does, and takes the same ports."""


def with_recorder(changed: Callable[[Recorder], Recorder]) -> Pipelines:
    """Pipelines in which every use case has the changed recorder."""

    def rewired(pipeline: Pipeline) -> Pipeline:
        recorder = changed(pipeline.deliveries.recorder)
        timers = replace(pipeline.deliveries.timers, recorder=recorder)
        deliveries = replace(pipeline.deliveries, recorder=recorder, timers=timers)
        return replace(pipeline, deliveries=deliveries, repair=replace(pipeline.repair, recorder=recorder))

    return partial(InMemory, rewired=rewired)


def with_timers(changed: Callable[[Timers], Timers]) -> Pipelines:
    """Pipelines with the changed timers."""

    def rewired(pipeline: Pipeline) -> Pipeline:
        deliveries = pipeline.deliveries
        return replace(pipeline, deliveries=replace(deliveries, timers=changed(deliveries.timers)))

    return partial(InMemory, rewired=rewired)


_NO_STORES = ("clock", "configuration_store", "configured_by", "telemetry", "rewired")
STORES = [one.name for one in fields(InMemory) if one.name not in _NO_STORES]
"""The ports that recording may write to, by the names of their members."""


def _copied(value: Any) -> Any:
    """A fake with all that it holds, except the documents: they are frozen, and shared."""
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, dict):
        duplicate = copy(value)
        for name, item in value.items():
            duplicate[name] = _copied(item)
        return duplicate
    if any(base.__module__ == fakes.__name__ for base in type(value).__mro__):
        duplicate = copy(value)
        vars(duplicate).update(_copied(vars(value)))
        return duplicate
    return value


async def _nothing_is_open() -> None:
    """Ports in memory have nothing to close."""
