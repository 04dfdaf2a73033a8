"""The metrics: one table of what is measured, and the instruments behind it.

Tenants and conversations are no attributes, since each value of an attribute is a time series of its own: who needs a
tenant's figures reads its usage report, and a conversation's way is a trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opentelemetry.metrics import Meter

Kind = Literal["counter", "histogram", "gauge"]


@dataclass(frozen=True)
class Metric:
    """One metric: `unit` as UCUM writes it, `attributes` by name."""

    name: str
    kind: Kind
    unit: str
    attributes: tuple[str, ...]
    description: str


EVENTS = Metric("patchbay.events", "counter", "{event}", ("type", "outcome"), "deliveries, by what became of them")
LATENCY = Metric("patchbay.event.latency", "histogram", "s", ("type",), "from accepted to recorded")
PARKED = Metric("patchbay.events.parked", "counter", "{event}", ("code",), "events parked, by the reason")
SESSIONS = Metric("patchbay.sessions.counted", "counter", "{session}", (), "conversations that became bot sessions")
OVERDUE = Metric("patchbay.attention.overdue", "gauge", "{conversation}", (), "conversations that nobody saw to")
OBSTRUCTED = Metric("patchbay.months.obstructed", "gauge", "{month}", (), "months that should be closed and are not")
REQUEST_UNITS = Metric(
    "patchbay.cosmos.request_units", "counter", "{request_unit}", ("container", "operation"), "charged by Cosmos DB"
)
METRICS = (EVENTS, LATENCY, REQUEST_UNITS, OVERDUE, SESSIONS, PARKED, OBSTRUCTED)

_BOUNDARIES: Sequence[float] = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Of the histogram's buckets, in seconds: from a local host's milliseconds to a delivery that had to be repeated."""


class Metrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        def described(metric: Metric) -> tuple[str, str, str]:
            return metric.name, metric.unit, metric.description

        self._counters = {one: meter.create_counter(*described(one)) for one in METRICS if one.kind == "counter"}
        self._gauges = {one: meter.create_gauge(*described(one)) for one in METRICS if one.kind == "gauge"}
        self._latency = meter.create_histogram(*described(LATENCY), explicit_bucket_boundaries_advisory=_BOUNDARIES)

    def count(self, metric: Metric, attributes: Mapping[str, str] | None = None, amount: float = 1) -> None:
        self._counters[metric].add(amount, attributes)

    def show(self, metric: Metric, value: int) -> None:
        """What a gauge stands at now."""
        self._gauges[metric].set(value)

    def recorded_after(self, seconds: float, event_type: str) -> None:
        self._latency.record(max(seconds, 0.0), {"type": event_type})
