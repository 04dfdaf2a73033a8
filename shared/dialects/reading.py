"""What reading a native payload gives: events that still lack their conversation, and what was ignored or assumed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from shared.dialects.notes import Note
from shared.errors import Refused
from shared.events.catalog import Customer
from shared.threads.thread import Begins

MAX_EVENT_ID = 128

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Draft:
    """An event of a dialect. `id` derives from the native id, so a retry gives the same event again.

    `places` says where in the payload a member of `data` comes from, by the member's name.
    """

    id: str
    type: str
    data: dict[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One payload, read. `thread_id` and `time` say which conversation it belongs to.

    `thread_id` is None only where everything was ignored. `time` is the payload's own text; None where it has none and
    the time of arrival is assumed. `begins` tells whether a conversation begins with it; what is only ignored begins
    none. `notes` are what was assumed or left out. `context` are the variables that a conversation begins with, and
    stand at `context_at`.
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

    @property
    def only_ignored(self) -> bool:
        """Whether there is nothing in it for a conversation."""
        return not self.drafts and self.begins == "never"


def outcome_of(read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | Refused:
    """The result of reading one part of a body, or the reason why that part alone is refused."""
    try:
        return read(*given, **named)
    except Refused as reason:
        # Kept as data; its frames would keep the whole body.
        return reason.with_traceback(None)
