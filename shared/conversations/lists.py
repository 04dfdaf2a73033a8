"""Lists of conversations: by what of a head they are filtered and sorted, and where a page begins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from shared.conversations.state import State
from shared.errors import InvalidRequest, Mistake

if TYPE_CHECKING:
    from shared.conversations.ports import Head

Part = TypeVar("Part")
Place = TypeVar("Place")

Filter = Literal["state", "queue", "bot", "channel", "attention", "warning", "customer"]
Sort = Literal["key", "started", "activity", "waiting"]

_SELECTIVE: tuple[Filter, ...] = ("customer", "warning", "attention", "bot", "queue", "channel", "state")

_NO_TIME = datetime.min.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Listed:
    """What lists know of a head.

    `channel` is the channel's id, of whichever account. `started`: when the conversation started; as long as nobody
    knows that, its last activity. `activity`: its last activity as of its last commit. `waiting`: since when it waits
    for a person, if it does: since it came to its queue.
    """

    state: State
    queue: str | None
    bot: str | None
    channel: str | None
    attention: str | None
    warnings: tuple[str, ...]
    customer: str | None
    started: datetime
    activity: datetime
    waiting: datetime | None

    @property
    def values(self) -> dict[str, str | None]:
        """What the filters compare, by their names, but the warnings: a head may have several."""
        return {
            "state": self.state,
            "queue": self.queue,
            "bot": self.bot,
            "channel": self.channel,
            "attention": self.attention,
            "customer": self.customer,
        }

    def moment(self, sort: Sort) -> datetime | None:
        """The time by which this head is sorted; None if a list in this order does not have it."""
        moments = {"key": _NO_TIME, "started": self.started, "activity": self.activity, "waiting": self.waiting}
        return moments[sort]

    def has(self, name: Filter, value: str) -> bool:
        """True if the filter of this name leaves the head."""
        return value in self.warnings if name == "warning" else bool(getattr(self, name) == value)


def listed(head: "Head") -> Listed:
    """What lists know of this head."""
    conversation = head.conversation
    started = conversation.started_at or conversation.last_activity_at or _NO_TIME
    stay = conversation.stay
    waits = conversation.state == "open" and stay is not None and stay.holder == "queue"
    return Listed(
        state=conversation.state,
        queue=conversation.queue,
        bot=conversation.bot,
        channel=conversation.channel.channel_id if conversation.channel else None,
        attention=head.attention,
        warnings=tuple(warning.code for warning in conversation.warnings),
        customer=head.customer,
        started=started,
        activity=conversation.last_activity_at or started,
        waiting=max(started, stay.since.at) if waits and stay else None,
    )


@dataclass(frozen=True)
class Selection:
    """Which heads a list has: those that every filter leaves, and that started from `since` on and before `until`.

    They are sorted by key, by `started` or `activity` from the newest on, or by `waiting` from the longest on; those
    of one moment by key. A list by key has no filter but the customer's: keys are random, so an index of each filter by
    key would cost more at every commit than all other indices together.
    """

    filters: Mapping[Filter, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = "key"

    def __post_init__(self) -> None:
        if self.sort == "key" and (self.filters.keys() - {"customer"} or self.since or self.until):
            raise ValueError("a list by key has no filter")
        if self.sort != "key" and "customer" in self.filters:
            raise ValueError("a customer's conversations come by key")

    @property
    def named(self) -> dict[str, str]:
        """The filters' values by their names, for a query."""
        return {str(name): value for name, value in self.filters.items()}

    @property
    def newest_first(self) -> bool:
        return self.sort in ("started", "activity")

    @property
    def leading(self) -> Filter | None:
        """The filter that fewest heads pass, as far as can be told: a store reads its index, and looks at those heads.

        Few conversations are in another state than `closed`; but all that wait are `open`.
        """
        live = self.filters.get("state", "closed") != "closed" and self.sort != "waiting"
        order: tuple[Filter, ...] = ("warning", "attention", "state") if live else ()
        return next((name for name in (*order, *_SELECTIVE) if name in self.filters), None)

    def has(self, one: Listed) -> bool:
        """True if the list has this head."""
        return (
            one.moment(self.sort) is not None
            and all(one.has(name, value) for name, value in self.filters.items())
            and (self.since is None or one.started >= self.since)
            and (self.until is None or one.started < self.until)
        )


class Position(NamedTuple):
    """A place in a list that is sorted by time: of a head's moment, and its key."""

    moment: datetime
    key: str

    def text(self) -> str:
        """The place as a continuation."""
        return f"{microseconds(self.moment)}~{self.key}"


def position(continuation: str) -> Position:
    """The place that a continuation names. Raises InvalidRequest."""
    return place_named(continuation, Position, str)


_BY_KEY = "key~"
"""What a continuation of a list by key begins with, so that no other text is taken for one."""


def after_key(key: str) -> str:
    """The continuation of a list by key, behind this one."""
    return _BY_KEY + key


def key_named(continuation: str | None) -> str:
    """The key after which a page of a list by key begins; empty for the first one. Raises InvalidRequest."""
    if continuation is None:
        return ""
    if not continuation.startswith(_BY_KEY):
        raise InvalidRequest([_UNKNOWN_CONTINUATION])
    return continuation.removeprefix(_BY_KEY)


_UNKNOWN_CONTINUATION = Mistake("continuation", "is none that an answer had")


def place_named(continuation: str, place: Callable[[datetime, Part], Place], part: Callable[[str], Part]) -> Place:
    """The place that a continuation names by a moment and a part, as `microseconds~part`. Raises InvalidRequest."""
    number, separator, rest = continuation.partition("~")
    try:
        if separator:
            return place(moment_of(int(number)), part(rest))
    except (ValueError, OverflowError):
        pass
    raise InvalidRequest([_UNKNOWN_CONTINUATION])


def microseconds(moment: datetime) -> int:
    """The microseconds from 1970 to the moment; fewer than 0 before."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(number: int) -> datetime:
    """The moment so many microseconds after 1970. Raises OverflowError."""
    return _EPOCH + number * _MICROSECOND
