"""What reading a native payload gives: events that still lack their conversation, and what was ignored and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.channels.thread import Begins
from shared.events.catalog import Customer

MAX_EVENT_ID = 128


@dataclass(frozen=True)
class Draft:
    """An event of a dialect. `id` derives from the native id, so a retry gives the same event again."""

    id: str
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """One activity, read. `thread_id` and `time` say which conversation it belongs to.

    `time` is the activity's own text; None where it has none and the time of arrival is assumed. `begins` tells whether
    a conversation begins with it; what is only ignored begins none.
    """

    thread_id: str
    time: str | None
    customer: Customer
    drafts: Sequence[Draft]
    ignored: Sequence[str]
    begins: Begins
