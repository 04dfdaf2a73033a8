"""Which facts count in a conversation, and which go on in the thread's next one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.conversations.changed_lines import Changes
from shared.conversations.conversation import Unseen
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey, in_order
from shared.conversations.settlement import settlement_of
from shared.events.data import ChannelReference
from shared.events.envelope import parse_time
from shared.events.types.conversation_ended import ConversationEnded, LastSeen
from shared.events.types.session_settled import NOT_SETTLED, Settlement

_NOTHING_IS_NEWER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Extent:
    """A conversation's facts in order: its `own`, of which `end` closes it, and those that are `going_on`.

    `goes_on_after` is the place up to which the end knew the facts; None while it is open, and also if only a fact that
    did not come yet can tell. `settlement` is what the conversation counts as in its thread.
    """

    own: Sequence[Fact]
    end: Fact | None = None
    goes_on_after: SortKey | None = None
    unseen: Unseen | None = None
    settlement: Settlement = NOT_SETTLED
    going_on: Sequence[Fact] = ()


def extent_of(facts: Iterable[Fact]) -> Extent:
    """The extent of a conversation with these facts, in whatever order they are.

    What an end let go on stays in the next conversation: from the place of that one's beginning on, whatever comes from
    outside is there, whoever said it and whenever the beginning becomes known.
    """
    ordered = in_order(facts)
    settlement = settlement_of(ordered)
    next_at = parse_time(settlement.next_at) if settlement.next_at else None
    end = next((fact for fact in ordered if _closes(fact, next_at)), None)
    if end is None:
        return Extent(ordered, settlement=settlement)
    after = goes_on_after(_channel(ordered, end), ordered, end)
    asks = _Asking(ordered, end, after)
    asked = next((fact.order for fact in ordered if asks(fact)), None)
    later = [fact for fact in ordered if comes_from_outside(fact) and _is_later(fact, asked, next_at)]
    going_on = [fact for fact in later if fact is not end]
    if not going_on:
        return Extent(ordered, end, after, settlement=settlement)
    gone = {fact.id for fact in _with_their_changes(going_on, ordered)}
    unseen = Unseen(since=going_on[0].order, count=len(gone))
    own, others = ([fact for fact in ordered if (fact.id in gone) is goes] for goes in (False, True))
    return Extent(own, end, after, unseen, settlement, others)


def _with_their_changes(going_on: Sequence[Fact], ordered: Sequence[Fact]) -> Sequence[Fact]:
    """These facts, and the changes of their lines."""
    lines = {(fact.event.source, fact.event.id) for fact in going_on}
    changes = Changes.among(ordered).every
    return [*going_on, *(fact for fact, event in changes if (event.source, event.data.message_id) in lines)]


def goes_on_after(channel: ChannelReference | None, ordered: Iterable[Fact], end: Fact) -> SortKey | None:
    """The place in the order up to which the end knew the conversation's facts.

    If the end names the newest fact that it knew of, that is its place, and None if it did not come yet. Else, in a
    channel's thread, it is the end's own place: the channel would have sent what is later to the next conversation, had
    it known of the end. Elsewhere no fact is later.
    """
    seen = _last_seen(end)
    if seen is not None:
        return next((fact.order for fact in ordered if fact.id == seen.fact_id), None)
    if channel is None or channel.thread_id is None:
        return end.order._replace(at=_NOTHING_IS_NEWER)
    return end.order


def goes_on(fact: Fact, unseen: Unseen | None) -> bool:
    """True if the fact is one of those that go on in the next conversation. A change goes on with its line."""
    return unseen is not None and fact.order >= unseen.since and comes_from_outside(fact)


def comes_from_outside(fact: Fact) -> bool:
    """True if somebody outside said it, and it may go on. A start, and what Patchbay says itself, stay."""
    return fact.event.goes_on and not fact.is_ours


def _closes(fact: Fact, next_at: datetime | None) -> bool:
    """True if the fact is an end that belongs to this conversation, and not to the one that began at `next_at`."""
    return fact.event.ends_conversation and (fact.is_ours or next_at is None or fact.at < next_at)


def _is_later(fact: Fact, asked: SortKey | None, next_at: datetime | None) -> bool:
    return (asked is not None and fact.order >= asked) or (next_at is not None and fact.at >= next_at)


class _Asking:
    """Tells which facts ask for somebody although the conversation has ended."""

    def __init__(self, ordered: Sequence[Fact], end: Fact, after: SortKey | None) -> None:
        self._end, self._seen, self._after = end, _last_seen(end), after
        answers = [fact for fact in ordered if _is_ours_to_see(fact) and fact.received_at <= end.received_at]
        self._answered_to = max((fact.order for fact in answers), default=None)
        self._agents_to = max((fact.order for fact in answers if _role(fact) == "agent"), default=None)

    def __call__(self, fact: Fact) -> bool:
        """True if it is newer than what the end knew, or if the end did not know it and nothing it saw answers it."""
        if not fact.event.asks_for_somebody or fact.is_ours:
            return False
        if self._seen is None:
            return self._after is not None and fact.order > self._after
        newest: tuple[Any, ...] = self._after or (parse_time(self._seen.at), _NOTHING_IS_NEWER)
        if fact.order > newest:
            return True
        # A bot's line does not answer an escalation.
        answered_to = self._agents_to if fact.event.hands_over else self._answered_to
        return fact.received_at > self._end.received_at and (answered_to is None or fact.order > answered_to)


def _is_ours_to_see(fact: Fact) -> bool:
    """True for a public line of a bot or an agent."""
    return fact.event.breaks_silence and _role(fact) in ("bot", "agent") and not fact.event.hands_over


def _role(fact: Fact) -> str | None:
    author = fact.event.author
    return author.role if author else None


def _channel(ordered: Sequence[Fact], end: Fact) -> ChannelReference | None:
    """The channel of the conversation's start, which is its first fact, else that of its end."""
    return ordered[0].event.data.channel or end.event.data.channel


def _last_seen(end: Fact) -> LastSeen | None:
    """The newest fact that the end knew of, if it names one."""
    event = end.event
    assert isinstance(event, ConversationEnded), "what ends a conversation is an end"
    return event.data.last_seen
