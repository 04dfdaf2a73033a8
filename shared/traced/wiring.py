"""The adapters as the pipeline gets them where telemetry is on."""

from dataclasses import replace

from shared.clock import Clock
from shared.pipeline import Adapters
from shared.telemetry import Telemetry
from shared.traced.calls import Calls
from shared.traced.conversations import TracedArchive, TracedConversations, TracedThreads
from shared.traced.events import TracedOverflow, TracedParkedEvents, TracedPublisher
from shared.traced.ledger import TracedLedger, TracedReports


def traced(
    adapters: Adapters, clock: Clock, telemetry: Telemetry, *, store: str, archive: str, overflow: str
) -> Adapters:
    """The adapters, each call of them a span; as they are where telemetry is off.

    `store`, `archive` and `overflow` are their systems' names (`db.system.name`).
    """
    if not telemetry.is_on:
        return adapters

    def calls(collection: str) -> Calls:
        return Calls(telemetry, store, collection)

    return replace(
        adapters,
        conversations=TracedConversations(adapters.conversations, calls("conversations")),
        threads=TracedThreads(adapters.threads, calls("threads")),
        ledger=TracedLedger(adapters.ledger, calls("ledger")),
        reports=TracedReports(adapters.reports, calls("reports")),
        parked=TracedParkedEvents(adapters.parked, calls("parked")),
        archive=TracedArchive(adapters.archive, Calls(telemetry, archive, "archive")),
        overflow=TracedOverflow(adapters.overflow, Calls(telemetry, overflow, "overflow")),
        publisher=TracedPublisher(adapters.publisher, telemetry, clock),
    )
