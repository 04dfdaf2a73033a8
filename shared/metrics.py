"""The metrics: the table of all of them, and their instruments.

Tenants and conversations are not attributes, since each value of an attribute makes a time series of its own. A
tenant's figures are in its usage report, and a conversation's steps in its traces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opentelemetry.metrics import Meter

Kind = Literal["counter", "histogram", "gauge"]


@dataclass(frozen=True)
class Metric:
    """One metric: `unit` in UCUM notation, `attributes` by name."""

    name: str
    kind: Kind
    unit: str
    attributes: tuple[str, ...]
    description: str


EVENTS = Metric("patchbay.events", "counter", "{event}", ("type", "outcome"), "deliveries, by what became of them")
LATENCY = Metric("patchbay.event.latency", "histogram", "s", ("type",), "from accepted to recorded")
PARKED = Metric("patchbay.events.parked", "counter", "{event}", ("code",), "events parked, by the reason")
EFFECTS_PARKED = Metric(
    "patchbay.effects.parked", "counter", "{effect}", ("kind", "code"), "effects parked after their last attempt"
)
SESSIONS = Metric("patchbay.sessions.counted", "counter", "{session}", (), "conversations that became bot sessions")
OVERDUE = Metric("patchbay.attention.overdue", "gauge", "{conversation}", (), "conversations that nobody saw to")
OBSTRUCTED = Metric("patchbay.months.obstructed", "gauge", "{month}", (), "months that should be closed and are not")
REQUEST_UNITS = Metric(
    "patchbay.cosmos.request_units", "counter", "{request_unit}", ("container", "operation"), "charged by Cosmos DB"
)
METRICS = (EVENTS, LATENCY, REQUEST_UNITS, OVERDUE, SESSIONS, PARKED, EFFECTS_PARKED, OBSTRUCTED)

_BOUNDARIES: Sequence[float] = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of the latency's buckets, in seconds: from milliseconds on one machine to repeated deliveries."""


class Metrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        def described(metric: Metric) -> tuple[str, str, str]:
            return metric.name, metric.unit, metric.description

        self._counters = {each: meter.create_counter(*described(each)) for each in METRICS if each.kind == "counter"}
        self._gauges = {each: meter.create_gauge(*described(each)) for each in METRICS if each.kind == "gauge"}
        self._latency = meter.create_histogram(*described(LATENCY), explicit_bucket_boundaries_advisory=_BOUNDARIES)

    def count(self, metric: Metric, attributes: Mapping[str, str] | None = None, amount: float = 1) -> None:
        self._counters[metric].add(amount, attributes)

    def show(self, metric: Metric, value: int) -> None:
        """Set a gauge to its present value."""
        self._gauges[metric].set(value)

    def recorded_after(self, seconds: float, event_type: str) -> None:
        self._latency.record(max(seconds, 0.0), {"type": event_type})
