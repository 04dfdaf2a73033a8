"""The one order of a conversation's facts, by a sort key that each fact has by itself."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from shared.events.catalog import Event
from shared.events.stamp import Stamp, stamp_of
from shared.events.types.conversation_started import ConversationStarted

if TYPE_CHECKING:
    from shared.conversations.fact import Fact

_UNSTAMPED = Stamp(datetime.min.replace(tzinfo=UTC))


class SortKey(NamedTuple):
    """What facts are sorted by, from the first member to the last; no two facts have the same key.

    `at`: when the fact counts. `moment` and `finer`: its own time, which is later than `at` where the sender's clock is
    ahead, and the digits beyond a microsecond. `ends`: it ends the conversation. `sequence`: the channel's own order,
    -1 without one. `stamp`: the request that it came in, and its position there; what came in no request comes first.
    """

    at: datetime
    moment: datetime
    finer: str
    ends: bool
    sequence: int
    stamp: Stamp
    fact_id: str


def sort_key(event: Event, at: datetime, fact_id: str) -> SortKey:
    """The place in the order of a fact with this event, time and id, whatever other facts there are."""
    return SortKey(
        at=at,
        moment=event.moment,
        finer=event.finer_digits,
        ends=event.ends_conversation,
        sequence=-1 if event.sequence is None else event.sequence,
        stamp=stamp_of(event.attributes) or _UNSTAMPED,
        fact_id=fact_id,
    )


def in_order(facts: Iterable["Fact"]) -> list["Fact"]:
    """The facts without duplicates: the earliest start first, the others by their sort keys."""
    ordered = sorted({fact.id: fact for fact in facts}.values(), key=lambda fact: fact.order)
    starts = [fact for fact in ordered if isinstance(fact.event, ConversationStarted)]
    # A start that was only assumed, because none came, gives way to the real one.
    start = min(starts, key=lambda fact: fact.is_ours, default=None)
    return ordered if start is None else [start, *(fact for fact in ordered if fact is not start)]


def index_of_end(ordered: Sequence["Fact"]) -> int | None:
    """Where the first end is, which closes the conversation; None if there is none."""
    return next((index for index, fact in enumerate(ordered) if fact.event.ends_conversation), None)


def up_to_end(ordered: Sequence["Fact"]) -> Sequence["Fact"]:
    """The facts up to the first end, with it; all if there is none."""
    end = index_of_end(ordered)
    return ordered if end is None else ordered[: end + 1]


def last_activity(ordered: Sequence["Fact"]) -> datetime | None:
    """The latest time of an activity up to the conversation's end; None if there was none."""
    return max((fact.at for fact in up_to_end(ordered) if fact.event.is_activity), default=None)
