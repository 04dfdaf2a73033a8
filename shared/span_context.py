"""The contexts of spans that are under way here, or that events and requests carry, as OpenTelemetry has them."""

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.span import TraceFlags, TraceState

from shared.events.trace_context import TraceContext


def current() -> SpanContext | None:
    """The span that is under way here, if any: ours, or the one that the Functions worker took over from the host."""
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


def links_to(context: TraceContext | None) -> list[Link]:
    """A link to the context, unless it is of the trace that is under way here."""
    if context is None:
        return []
    own, linked = current(), remote(context)
    return [] if own and own.trace_id == linked.trace_id else [Link(linked)]


def remote(context: TraceContext) -> SpanContext:
    """The context as that of a span in another process."""
    state = TraceState.from_header([context.state]) if context.state else None
    trace_id, span_id = int(context.trace_id, 16), int(context.span_id, 16)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(context.flags), trace_state=state)


def carried(context: SpanContext) -> TraceContext | None:
    """The context as an event carries it; None where tracing is off."""
    if not context.is_valid:
        return None
    return TraceContext(
        f"{context.trace_id:032x}", f"{context.span_id:016x}", int(context.trace_flags), context.trace_state.to_header()
    )
