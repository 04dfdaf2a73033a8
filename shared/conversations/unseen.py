"""What a conversation's end did not know of, and what therefore goes on in the thread's next conversation."""

from collections.abc import Sequence

from shared.conversations.conversation import Conversation
from shared.conversations.fact import SOURCE, Fact
from shared.events.catalog import BotEscalated, ConversationEnded, MessagePosted
from shared.events.envelope import parse_time


def unseen_facts(conversation: Conversation, ordered: Sequence[Fact]) -> tuple[str, ...]:
    """The ids of what belongs to the next conversation: everything said from the moment on that somebody asked again.

    Where the end says what it knew of, that may be everything newer; in a channel's thread everything after the end,
    which the channel would have sent there, had the end been known.
    """
    end = next((fact for fact in ordered if isinstance(fact.event, ConversationEnded)), None)
    if end is None or not isinstance(end.event, ConversationEnded):
        return ()
    seen = end.event.data.last_seen
    if seen is not None:
        newest = parse_time(seen.at), seen.fact_id
    elif conversation.channel is not None and conversation.channel.thread_id is not None:
        newest = end.at, _LAST
    else:
        return ()
    newer = [fact for fact in ordered if (fact.at, fact.id) > newest and _comes_from_outside(fact)]
    asked_at = next((fact.at for fact in newer if _asks_for_somebody(fact)), None)
    return tuple(fact.id for fact in newer if asked_at is not None and fact.at >= asked_at)


def _comes_from_outside(fact: Fact) -> bool:
    """Whether somebody said it; reminders and goodbyes belong to the conversation that they are about."""
    return isinstance(fact.event, MessagePosted | BotEscalated) and fact.event.source != SOURCE


_LAST = "\U0010ffff"
"""Greater than every fact's id."""


def _asks_for_somebody(fact: Fact) -> bool:
    if isinstance(fact.event, MessagePosted):
        return fact.event.data.author.role == "customer"
    return isinstance(fact.event, BotEscalated)
