"""Finds the facts that a conversation's end did not know of. They are repeated in the thread's next conversation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shared.conversations.conversation import Conversation, Unseen
from shared.conversations.fact import Fact
from shared.conversations.order import index_of_end
from shared.events.envelope import parse_time
from shared.events.types.conversation_ended import ConversationEnded


def unseen_facts(conversation: Conversation, ordered: Sequence[Fact]) -> Sequence[Fact]:
    """The facts that belong to the next conversation: all from the place on at which somebody asked again.

    If the end names the newest fact that it knew of, those are facts newer than that one. Else, in a channel's thread,
    those are facts after the end: the channel would have sent them to the next conversation, had it known of the end.
    """
    index = index_of_end(ordered)
    if index is None:
        return ()
    end = ordered[index].event
    assert isinstance(end, ConversationEnded), "what ends a conversation is an end"
    newest: tuple[Any, ...] = ordered[index].order
    seen = end.data.last_seen
    if seen is not None:
        # A sender's own end may name a fact that is not here.
        after_its_time = parse_time(seen.at), datetime.max.replace(tzinfo=UTC)
        newest = next((fact.order for fact in ordered if fact.id == seen.fact_id), after_its_time)
    elif conversation.channel is None or conversation.channel.thread_id is None:
        return ()
    newer = [fact for fact in ordered if fact.order > newest and _comes_from_outside(fact)]
    asked = next((number for number, fact in enumerate(newer) if fact.event.asks_for_somebody), len(newer))
    return newer[asked:]


def goes_on(fact: Fact, unseen: Unseen) -> bool:
    """True if the fact is one of those that an end did not know of."""
    return fact.order >= unseen.since and _comes_from_outside(fact)


def _comes_from_outside(fact: Fact) -> bool:
    """True if somebody outside said it. Patchbay's own reminders and goodbyes stay in their conversation."""
    return fact.event.author is not None and not fact.is_ours
