"""The pipeline: every use case, wired to one adapter of each port."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

from shared.access.rate import TooDeepBy, never_too_deep
from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.contents import Contents
from shared.conversations.find import Finder
from shared.conversations.ports import ConversationStore
from shared.conversations.reading import Conversations
from shared.conversations.record import Recorder
from shared.effects.archive import Archive, Archiver
from shared.effects.contribute import ContributeHandler
from shared.effects.dispatcher import Dispatcher
from shared.effects.follow_up import FollowUpHandler
from shared.effects.forgotten import ForgottenContents
from shared.effects.handler import EffectHandler
from shared.effects.outstanding import Outstanding
from shared.effects.reconcile import reconcile
from shared.effects.tell_thread import TellThreadHandler
from shared.events.bus import DeadLetters, EventPublisher
from shared.events.overflow import Overflow
from shared.health import Figures, Health, Probe
from shared.ingress.addressing import Addressing
from shared.ingress.deliver import Deliveries
from shared.ingress.parked_effect import ParkedEffects
from shared.ingress.parked_event import ParkedEvents
from shared.ingress.parked_event_service import ParkedEventService
from shared.ingress.receive import Receiver
from shared.ingress.resubmit import Resubmission
from shared.ingress.stamps import Stamps
from shared.ingress.unacknowledged import UnacknowledgedContents
from shared.rebuild.compare import Rebuild
from shared.rebuild.repair import Repair
from shared.telemetry import OFF, Telemetry
from shared.tenants.configurations import Configurations
from shared.threads.links import LinkedThreads
from shared.threads.resolve import Threads, ThreadStore
from shared.timers.perform import Timers
from shared.timers.sweep import Sweep
from shared.usage.closing import Closing
from shared.usage.ledger import Ledger
from shared.usage.monthly_usage import MonthlyUsage, UsageReports


@dataclass(frozen=True)
class Adapters:
    """One adapter of each port, that of configurations behind its cache.

    `bus_clock` is the clock by which the bus dates dead letters. `close` closes the adapters' connections and files.
    `figures` are what health shows beside the answers of the probes. `too_deep_by` says how many seconds a tenant
    should wait before it sends more, where the bus knows it.
    """

    conversations: ConversationStore
    threads: ThreadStore
    configurations: Configurations
    ledger: Ledger
    reports: UsageReports
    parked: ParkedEvents
    archive: Archive
    overflow: Overflow
    publisher: EventPublisher
    dead_letters: DeadLetters
    bus_clock: Clock
    probes: Mapping[str, Probe]
    close: Callable[[], Awaitable[None]]
    figures: Figures = dict
    too_deep_by: TooDeepBy = never_too_deep


@dataclass(frozen=True)
class Pipeline:
    """Every use case. `open_to_all`: routes answer callers without a token (on the local host only)."""

    receiver: Receiver
    deliveries: Deliveries
    conversations: Conversations
    finder: Finder
    configurations: Configurations
    parked: ParkedEvents
    parked_event_service: ParkedEventService
    usage: MonthlyUsage
    forgotten: ForgottenContents
    unacknowledged: UnacknowledgedContents
    rebuild: Rebuild
    repair: Repair
    sweep: Sweep
    resubmission: Resubmission
    health: Health
    clock: Clock
    telemetry: Telemetry
    open_to_all: bool
    close: Callable[[], Awaitable[None]]
    too_deep_by: TooDeepBy


def assembled(adapters: Adapters, clock: Clock, *, open_to_all: bool = False, telemetry: Telemetry = OFF) -> Pipeline:
    """The pipeline on these adapters."""

    async def close() -> None:
        try:
            await adapters.close()
        finally:
            # Shutting down sends the remaining telemetry, which blocks.
            await asyncio.to_thread(telemetry.shut_down)

    store, bus, parked = adapters.conversations, adapters.publisher, adapters.parked
    configurations, overflow = adapters.configurations, adapters.overflow
    contents = Contents(overflow)
    links = LinkedThreads(adapters.threads, configurations.pseudonyms)
    threads = Threads(links, configurations.pseudonyms, bus, overflow)
    addressing = Addressing(threads, store, configurations.pseudonyms)
    stamps = Stamps(clock)
    handlers: dict[str, EffectHandler] = {
        "contribute": ContributeHandler(adapters.ledger, configurations),
        "followUp": FollowUpHandler(store, threads),
    }
    effects = Dispatcher(store, handlers, ParkedEffects(parked, clock), clock, telemetry)
    aside = Aside()
    recorder = Recorder(store, configurations, reconcile, effects, clock, telemetry, aside=aside)
    # What a thread tells its conversations is recorded, and what is recorded may have effects.
    handlers["tellThread"] = TellThreadHandler(threads, recorder, clock)
    forgotten = ForgottenContents(store, configurations, overflow)
    archiver = Archiver(store, adapters.archive, contents, threads, forgotten, clock, aside)
    timers = Timers(store, configurations, recorder, effects, archiver, clock, aside)
    return Pipeline(
        receiver=Receiver(configurations, addressing, links, bus, overflow, store, stamps),
        deliveries=Deliveries(recorder, timers, threads, parked, overflow, clock, stamps, telemetry),
        conversations=Conversations(store, contents, configurations, clock, aside),
        finder=Finder(store, threads, configurations),
        configurations=configurations,
        parked=parked,
        parked_event_service=ParkedEventService(parked, configurations, bus, overflow, store, effects, clock),
        usage=MonthlyUsage(
            adapters.ledger,
            adapters.reports,
            configurations,
            Closing(adapters.ledger, Outstanding(store, effects), clock),
            clock,
            telemetry,
        ),
        forgotten=forgotten,
        unacknowledged=UnacknowledgedContents(store, configurations, overflow, clock),
        rebuild=Rebuild(store, configurations, adapters.ledger, clock),
        repair=Repair(recorder, adapters.ledger),
        sweep=Sweep(store, configurations, effects, bus, clock, telemetry),
        resubmission=Resubmission(adapters.dead_letters, adapters.bus_clock),
        health=Health(adapters.probes, clock, lambda: {**adapters.figures(), "effects": asdict(effects.figures)}),
        clock=clock,
        telemetry=telemetry,
        open_to_all=open_to_all,
        close=close,
        too_deep_by=adapters.too_deep_by,
    )
