"""Finds the facts that a conversation's end did not know of. They are repeated in the thread's next conversation."""

from collections.abc import Sequence

from shared.conversations.conversation import Conversation
from shared.conversations.fact import SOURCE, Fact
from shared.events.envelope import parse_time
from shared.events.types.conversation_ended import ConversationEnded


def unseen_facts(conversation: Conversation, ordered: Sequence[Fact]) -> tuple[str, ...]:
    """The ids of the facts that belong to the next conversation: all from the time on at which somebody asked again.

    If the end names the newest fact that it knew of, those are facts newer than that one. Else, in a channel's thread,
    those are facts after the end: the channel would have sent them to the next conversation, had it known of the end.
    """
    ends = ((fact.at, fact.event) for fact in ordered if isinstance(fact.event, ConversationEnded))
    ended_at, end = next(ends, (None, None))
    if ended_at is None or end is None:
        return ()
    seen = end.data.last_seen
    if seen is not None:
        newest = parse_time(seen.at), seen.fact_id
    elif conversation.channel is not None and conversation.channel.thread_id is not None:
        newest = ended_at, _AFTER_EVERY_ID
    else:
        return ()
    newer = [fact for fact in ordered if (fact.at, fact.id) > newest and _comes_from_outside(fact)]
    asked_at = next((fact.at for fact in newer if fact.event.asks_for_somebody), None)
    return tuple(fact.id for fact in newer if asked_at is not None and fact.at >= asked_at)


def _comes_from_outside(fact: Fact) -> bool:
    """True if somebody outside said it. Patchbay's own reminders and goodbyes stay in their conversation."""
    return fact.event.author is not None and fact.event.source != SOURCE


_AFTER_EVERY_ID = "\U0010ffff"
"""Greater than every fact's id."""
