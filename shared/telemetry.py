"""Spans and metrics of use cases and triggers. Without an exporter they cost nothing: the API's providers do nothing.

Only this module, `shared/span_context.py` and `shared/metrics.py` use OpenTelemetry's API; the exporters
(`shared/otlp.py`, `shared/azure/monitor.py`) bring its SDK. No span contains a person's name or words: span names are
templates, attributes are ids and codes, and a failure shows its kind, never its message.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from opentelemetry import trace
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.trace import Link, NoOpTracerProvider, Span, SpanKind, TracerProvider
from opentelemetry.trace.status import Status, StatusCode

from shared.errors import code_of
from shared.events.bus import TOPIC
from shared.events.trace_context import TraceContext, accepted_at, trace_context
from shared.metrics import EVENTS, PARKED, Metrics
from shared.span_context import carried, current, links_to, remote

SCOPE = "patchbay"
"""The instrumentation scope of all spans and metrics."""
LOGGERS = ("shared", "functions", "local")
"""The loggers that are exported, our own. The SDKs' logs say nothing that our spans do not."""
TENANT, KEY = "patchbay.tenant", "patchbay.conversation.key"

Attributes = Mapping[str, str | int]


@dataclass
class Served:
    """The span of a request that is being served."""

    _span: Span

    def admitted(self, tenant_id: str) -> None:
        """Note the tenant, once its caller was let in; before that its id may be any text from a URL."""
        self._span.set_attribute(TENANT, tenant_id)

    def answered(self, status: int) -> None:
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_attribute("error.type", str(status))
            self._span.set_status(Status(StatusCode.ERROR))


Outcome = Literal["recorded", "without-effect", "duplicate", "answered", "parked", "failed"]
"""What becomes of a delivery. `without-effect`: recorded, but its request changes nothing; `answered`: a question,
which is never stored; `failed`: it is delivered again."""


@dataclass
class Delivered:
    """The span of a delivery under way; `outcome` is what becomes of it."""

    _span: Span
    outcome: Outcome = "failed"
    code: str | None = None

    def about(self, tenant_id: str, key: str) -> None:
        """Note the tenant and the conversation's key."""
        self._span.set_attributes({TENANT: tenant_id, KEY: key})

    def parked(self, code: str) -> None:
        self.outcome, self.code = "parked", code
        self._span.set_attribute("patchbay.code", code)


class Telemetry:
    """Reports spans and metrics to these providers, if any. `shut_down` sends what is left, and blocks."""

    def __init__(
        self,
        tracers: TracerProvider | None = None,
        meters: MeterProvider | None = None,
        shut_down: Callable[[], None] = lambda: None,
    ) -> None:
        self.is_on = tracers is not None or meters is not None
        self.shut_down = shut_down
        self._tracer = (tracers or NoOpTracerProvider()).get_tracer(SCOPE)
        self.metrics = Metrics((meters or NoOpMeterProvider()).get_meter(SCOPE))

    def serving(self, method: str, route: str, headers: Mapping[str, str]) -> AbstractContextManager[Served]:
        """The span of an HTTP request; `route` is its template. It continues the trace of the host, or the caller's.

        If the host has a span of its own for the request, this one is its child.
        """
        return self._serving(method, route, headers) if self.is_on else nullcontext(Served(trace.INVALID_SPAN))

    def delivering(
        self, event_type: str, carrier: Mapping[str, Any], now: Callable[[], datetime]
    ) -> AbstractContextManager[Delivered]:
        """The span of a delivery: it continues the event's own trace, and is linked to the host's invocation."""
        return self._delivering(event_type, carrier, now) if self.is_on else nullcontext(Delivered(trace.INVALID_SPAN))

    @contextmanager
    def _serving(self, method: str, route: str, headers: Mapping[str, str]) -> Iterator[Served]:
        host = current()
        parent = None if host else trace_context(headers)
        attributes = {"http.request.method": method, "http.route": route}
        kind = SpanKind.INTERNAL if host else SpanKind.SERVER
        with self._span(f"{method} {route}", kind, attributes, parent) as span:
            yield Served(span)

    @contextmanager
    def publishing(self, event_type: str, carrier: Mapping[str, Any]) -> Iterator[TraceContext | None]:
        """The span of publishing an event; yields the trace context for the event, None if tracing is off.

        The span is linked to the trace context in `carrier`, that of the event's sender or of the fact that it repeats.
        The events of a batch are published concurrently, so none of their spans is a child of another.
        """
        links = links_to(trace_context(carrier))
        attributes = _messaging_attributes("send", event_type)
        with self._span(f"publish {event_type}", SpanKind.PRODUCER, attributes, None, links, is_parent=False) as span:
            yield carried(span.get_span_context())

    @contextmanager
    def _delivering(
        self, event_type: str, carrier: Mapping[str, Any], now: Callable[[], datetime]
    ) -> Iterator[Delivered]:
        parent = trace_context(carrier)
        links = [Link(host)] if parent and (host := current()) else []
        attributes = _messaging_attributes("process", event_type)
        with self._span(f"record {event_type}", SpanKind.CONSUMER, attributes, parent, links) as span:
            delivered = Delivered(span)
            try:
                yield delivered
            finally:
                span.set_attribute("patchbay.outcome", delivered.outcome)
                self._count(delivered, event_type, accepted_at(carrier), now)

    @contextmanager
    def running(self, timer: str) -> Iterator[None]:
        """The span of one run of a timer function."""
        with self._span(timer, SpanKind.INTERNAL, {}):
            yield

    @contextmanager
    def resuming(self, tenant_id: str, key: str, carriers: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        """The span of performing left-over effects, linked to the traces of the facts that caused them."""
        links = [link for carrier in carriers for link in links_to(trace_context(carrier))]
        with self._span("perform left over", SpanKind.INTERNAL, {TENANT: tenant_id, KEY: key}, None, links):
            yield

    @contextmanager
    def calling(self, name: str, attributes: Attributes, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        """The span of a call of a store. An `expected` exception is an answer, such as a conflict, and no failure."""
        with self._span(name, SpanKind.CLIENT, attributes, expected=expected):
            yield

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        parent: TraceContext | None = None,
        links: Sequence[Link] = (),
        expected: tuple[type[Exception], ...] = (),
        *,
        is_parent: bool = True,
    ) -> Iterator[Span]:
        """A span. With `is_parent`, spans that begin before it ends, and name no other parent, are its children."""
        context = trace.set_span_in_context(trace.NonRecordingSpan(remote(parent))) if parent else None
        # The SDK would record a failure's message and stack, which may contain anything.
        recorded = {"record_exception": False, "set_status_on_exception": False}
        span = self._tracer.start_span(name, context, kind, attributes, links, **recorded)
        try:
            with trace.use_span(span, **recorded) if is_parent else nullcontext():
                yield span
        except expected as answer:
            span.set_attribute("patchbay.answer", type(answer).__name__)
            raise
        except BaseException as failure:
            span.set_attribute("error.type", code_of(failure))
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()

    def _count(
        self, delivered: Delivered, event_type: str, accepted: datetime | None, now: Callable[[], datetime]
    ) -> None:
        self.metrics.count(EVENTS, {"type": event_type, "outcome": delivered.outcome})
        if delivered.code is not None:
            self.metrics.count(PARKED, {"code": delivered.code})
        if delivered.outcome in ("recorded", "without-effect") and accepted is not None:
            self.metrics.recorded_after((now() - accepted).total_seconds(), event_type)


OFF = Telemetry()
"""Telemetry that reports nothing."""


def _messaging_attributes(operation: str, event_type: str) -> Attributes:
    return {
        "messaging.operation.type": operation,
        "messaging.destination.name": TOPIC,
        "cloudevents.event_type": event_type,
    }
