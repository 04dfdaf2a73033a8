"""The reading of a native payload: drafts of events that still lack their conversation, and notes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from shared.dialects.notes import Note
from shared.errors import Refused
from shared.events.conversation_event import Begins
from shared.events.data import Customer

MAX_EVENT_ID = 128

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Draft:
    """An event without its conversation. `id` derives from the native id, so a retry gives the same event again.

    `places`: the path in the payload that a member of `data` comes from, by the member's name. `native_id` is given if
    `id` is the sender's client's own, which is the same when it sends the line again: the channel then gives the copy a
    native id and a time of its own.
    """

    id: str
    type: str
    data: dict[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)
    native_id: str | None = None


@dataclass(frozen=True)
class Report:
    """What a channel reports of a line that was sent through it: the line's native id, and what became of it there.

    `reason`: why it failed, in the channel's own words or codes. Nothing keeps reports.
    """

    native_id: str
    state: str
    reason: str | None = None


@dataclass(frozen=True)
class Reading:
    """The reading of one payload. `thread_id` and `time` determine the conversation that it belongs to.

    `thread_id` is None only if everything was ignored. `time` is the payload's own text; if it is None, the time of
    arrival is assumed. `begins`: when the payload begins a conversation. `notes` are what was assumed or left out.
    `context`: the variables with which it begins a conversation; `context_at`: their path. `reports`: what the channel
    says of lines that were sent through it. `line_time`: the time of the line that it changes, if the payload tells it.
    `continues`: the thread that goes on as `thread_id`.
    """

    thread_id: str | None
    time: str | None
    customer: Customer
    drafts: Sequence[Draft]
    ignored: Sequence[Note]
    begins: Begins
    notes: Sequence[Note] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    context_at: str = ""
    reports: Sequence[Report] = ()
    line_time: str | None = None
    continues: str | None = None

    @property
    def only_ignored(self) -> bool:
        """True if the payload neither has an event nor begins a conversation."""
        return not self.drafts and self.begins == "never"


def fits_an_event(native_id: str, mark: str = "") -> bool:
    """True if an event may have this id and the mark behind it."""
    return len(native_id + mark) <= MAX_EVENT_ID


def event_id(native_id: str, mark: str = "") -> str:
    """The id of an event that a payload of this id means. An id that is too long for an event is hashed."""
    if fits_an_event(native_id, mark):
        return native_id + mark
    return f"sha256:{hashlib.sha256(native_id.encode()).hexdigest()}{mark}"


def outcome_of(read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | Refused:
    """The result of reading one part of a body, or the reason why that part alone is refused."""
    try:
        return read(*given, **named)
    except Refused as reason:
        # Kept as data; its frames would keep the whole body.
        return reason.with_traceback(None)
