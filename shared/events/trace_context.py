"""The attributes that an event carries for telemetry: its trace, and when it was accepted. They are no content.

`traceparent` and `tracestate` are CloudEvents' extension attributes for distributed tracing, with the values of W3C
Trace Context. They stand in the event itself, because nothing is read from a message's properties. `acceptedtime` is
ours: when the event was published to the bus (RFC 3339). A channel's retry has other values of all three, and still is
the same event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.envelope import format_time, parse_time

TRACEPARENT, TRACESTATE, ACCEPTED = "traceparent", "tracestate", "acceptedtime"
CARRIED = (TRACEPARENT, TRACESTATE, ACCEPTED)
"""The extension attributes in which an event carries its trace."""

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_MEMBER = r"[a-z0-9][a-z0-9_*/@-]{0,255}=[!-+\--<>-~][ -+\--<>-~]{0,255}"
_TRACESTATE = re.compile(rf"{_MEMBER}(,{_MEMBER}){{0,31}}", re.ASCII)
_LONGEST_STATE = 512


@dataclass(frozen=True)
class TraceContext:
    """One span in one trace (hex digits), the trace's flags, and the tracing systems' own `state`."""

    trace_id: str
    span_id: str
    flags: int
    state: str = ""

    def attributes(self) -> dict[str, str]:
        """The extension attributes that carry this context."""
        traceparent = f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"
        return {TRACEPARENT: traceparent, **({TRACESTATE: self.state} if self.state else {})}


def trace_context(carrier: Mapping[str, Any]) -> TraceContext | None:
    """The trace context in an event's attributes or a request's headers; None if it is absent or malformed."""
    parts = _TRACEPARENT.fullmatch(_text(carrier, TRACEPARENT))
    if parts is None:
        return None
    state = _text(carrier, TRACESTATE)
    whole = len(state) <= _LONGEST_STATE and _TRACESTATE.fullmatch(state)
    return TraceContext(parts[1], parts[2], int(parts[3], 16), state if whole else "")


def accepted_at(carrier: Mapping[str, Any]) -> datetime | None:
    """When the event was accepted; None if `acceptedtime` is absent or no time."""
    try:
        return parse_time(_text(carrier, ACCEPTED))
    except ValueError:
        return None


def attributes_for(context: TraceContext | None, accepted: datetime) -> dict[str, str]:
    """The attributes for an event that is published in this trace."""
    return {**(context.attributes() if context else {}), ACCEPTED: format_time(accepted)}


def without_carried(document: Mapping[str, Any]) -> dict[str, Any]:
    """An event's document without the attributes in CARRIED."""
    return {name: value for name, value in document.items() if name not in CARRIED}


def _text(carrier: Mapping[str, Any], name: str) -> str:
    value = carrier.get(name)
    return value if isinstance(value, str) else ""
