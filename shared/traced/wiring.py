"""The adapters as the pipeline gets them where telemetry is on."""

from dataclasses import replace

from shared.clock import Clock
from shared.pipeline import Adapters
from shared.telemetry import Telemetry
from shared.traced.ports import traced_port
from shared.traced.publisher import TracedPublisher


def traced(
    adapters: Adapters, clock: Clock, telemetry: Telemetry, *, store: str, archive: str, overflow: str
) -> Adapters:
    """The adapters with a span around each call; unchanged if telemetry is off.

    `store`, `archive` and `overflow` name the systems behind them (`db.system.name`).
    """
    if not telemetry.is_on:
        return adapters
    return replace(
        adapters,
        conversations=traced_port(adapters.conversations, telemetry, store, "conversations"),
        threads=traced_port(adapters.threads, telemetry, store, "threads"),
        ledger=traced_port(adapters.ledger, telemetry, store, "ledger"),
        reports=traced_port(adapters.reports, telemetry, store, "reports"),
        parked=traced_port(adapters.parked, telemetry, store, "parked"),
        archive=traced_port(adapters.archive, telemetry, archive, "archive"),
        overflow=traced_port(adapters.overflow, telemetry, overflow, "overflow"),
        publisher=TracedPublisher(adapters.publisher, telemetry, clock),
    )
