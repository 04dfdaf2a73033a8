"""Finds the facts that a conversation's end did not know of. They are repeated in the thread's next conversation."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.conversations.conversation import Conversation, Unseen
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey
from shared.events.envelope import parse_time
from shared.events.types.conversation_ended import ConversationEnded, LastSeen
from shared.wire import replace

_NOTHING_IS_NEWER = datetime.max.replace(tzinfo=UTC)


def goes_on_after(conversation: Conversation, ordered: Iterable[Fact], end: Fact) -> SortKey | None:
    """The place in the order up to which the end knew the conversation's facts.

    If the end names the newest fact that it knew of, that is its place, and None if it did not come yet. Else, in a
    channel's thread, it is the end's own place: the channel would have sent what is later to the next conversation, had
    it known of the end. Elsewhere no fact is later.
    """
    seen = _last_seen(end)
    if seen is not None:
        return next((fact.order for fact in ordered if fact.id == seen.fact_id), None)
    if conversation.channel is None or conversation.channel.thread_id is None:
        return end.order._replace(at=_NOTHING_IS_NEWER)
    return end.order


def unseen_of(ordered: Iterable[Fact], end: Fact, after: SortKey | None) -> Unseen | None:
    """The facts that belong to the next conversation: all from the place on at which somebody asked again.

    `after` is the place that `goes_on_after` found.
    """
    newest: tuple[Any, ...] | None = after
    if newest is None:
        # A sender's own end may name a fact that is not here.
        seen = _last_seen(end)
        assert seen is not None, "only an end that names a fact waits for it"
        newest = parse_time(seen.at), _NOTHING_IS_NEWER
    newer = [fact for fact in ordered if fact.order > newest and _comes_from_outside(fact)]
    asked = next((number for number, fact in enumerate(newer) if fact.event.asks_for_somebody), len(newer))
    going_on = newer[asked:]
    return Unseen(since=going_on[0].order, count=len(going_on)) if going_on else None


def unseen_with(conversation: Conversation, fact: Fact) -> Unseen | None:
    """The unseen facts of a conversation that ended, with one more fact, which stands after all others."""
    after, unseen = conversation.goes_on_after, conversation.unseen
    if after is None or fact.order <= after or not _comes_from_outside(fact):
        return unseen
    if unseen is not None:
        return replace(unseen, count=unseen.count + 1)
    return Unseen(since=fact.order, count=1) if fact.event.asks_for_somebody else None


def goes_on(fact: Fact, unseen: Unseen) -> bool:
    """True if the fact is one of those that an end did not know of."""
    return fact.order >= unseen.since and _comes_from_outside(fact)


def _comes_from_outside(fact: Fact) -> bool:
    """True if somebody outside said or changed it. Patchbay's own reminders and goodbyes stay in their conversation."""
    return (fact.event.author is not None or fact.event.changes_only_transcript) and not fact.is_ours


def _last_seen(end: Fact) -> LastSeen | None:
    """The newest fact that the end knew of, if it names one."""
    event = end.event
    assert isinstance(event, ConversationEnded), "what ends a conversation is an end"
    return event.data.last_seen
