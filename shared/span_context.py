"""OpenTelemetry's span contexts: that of the current span, and those of the trace contexts in events and requests."""

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.span import TraceFlags, TraceState

from shared.events.trace_context import TraceContext


def current() -> SpanContext | None:
    """The context of the current span, if any: our own, or the host's, which the Functions worker took over."""
    context = trace.get_current_span().get_span_context()
    return context if context.is_valid else None


def links_to(context: TraceContext | None) -> list[Link]:
    """A link to the context, unless it belongs to the current trace."""
    if context is None:
        return []
    own, linked = current(), remote(context)
    return [] if own and own.trace_id == linked.trace_id else [Link(linked)]


def remote(context: TraceContext) -> SpanContext:
    """The context as the span context of another process."""
    state = TraceState.from_header([context.state]) if context.state else None
    trace_id, span_id = int(context.trace_id, 16), int(context.span_id, 16)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(context.flags), trace_state=state)


def carried(context: SpanContext) -> TraceContext | None:
    """The span context as an event carries it; None if tracing is off."""
    if not context.is_valid:
        return None
    return TraceContext(
        f"{context.trace_id:032x}", f"{context.span_id:016x}", int(context.trace_flags), context.trace_state.to_header()
    )
