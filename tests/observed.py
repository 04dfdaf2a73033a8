"""Telemetry that the SDK keeps in memory, so that tests can read its spans and metrics."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.otlp import sampler
from shared.telemetry import Telemetry
from tests.log_scan import seeds_in


@dataclass(frozen=True)
class Observed:
    """Telemetry, and the spans and metrics that were reported to it."""

    telemetry: Telemetry
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def spans(self) -> Sequence[ReadableSpan]:
        """Every span that has ended, in the order of their ends."""
        return self.exporter.get_finished_spans()

    def the(self, name: str) -> ReadableSpan:
        """The only span with this name."""
        (span,) = (one for one in self.spans() if one.name == name)
        return span

    def ancestry(self, span: ReadableSpan) -> list[str]:
        """The span's name, and those of its ancestors in this process; a parent is found by trace and id."""
        known = {(one.context.trace_id, one.context.span_id): one for one in self.spans() if one.context}
        names = []
        found: ReadableSpan | None = span
        while found is not None:
            names.append(found.name)
            found = known.get((found.parent.trace_id, found.parent.span_id)) if found.parent else None
        return names

    def traces(self) -> set[int]:
        return {span.context.trace_id for span in self.spans() if span.context}

    def points(self) -> dict[str, dict[tuple[tuple[str, Any], ...], Any]]:
        """Each metric's points by their attributes: a number, or a histogram's count and sum of values."""
        found: dict[str, dict[tuple[tuple[str, Any], ...], Any]] = {}
        for metric in self._metrics():
            for point in metric["data"]["data_points"]:
                value = point["value"] if "value" in point else (point["count"], point["sum"])
                found.setdefault(metric["name"], {})[tuple(sorted(point["attributes"].items()))] = value
        return found

    def units(self) -> Mapping[str, str]:
        return {metric["name"]: metric["unit"] for metric in self._metrics()}

    def everything(self) -> str:
        """All that would be exported, as JSON."""
        return json.dumps([json.loads(span.to_json()) for span in self.spans()] + self._metrics(), ensure_ascii=False)

    def _metrics(self) -> list[Any]:
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        resources = json.loads(data.to_json())["resource_metrics"]
        return [metric for one in resources for scope in one["scope_metrics"] for metric in scope["metrics"]]


@contextmanager
def observing(telemetry: type[Telemetry] = Telemetry) -> Iterator[Observed]:
    """Telemetry in memory; AssertionError in the end if a secret, a name or a text stands in it."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(sampler(1.0)), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    own = Observed(telemetry(tracers, meters), exporter, reader)
    try:
        yield own
        assert seeds_in(own.everything()) == []
    finally:
        tracers.shutdown()
        meters.shutdown()
