"""The fold: computes a conversation from the set of its facts. Nothing else decides about a conversation."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from shared.conversations.apply_fact import apply_fact
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.conversations.known_customer import tells_of_customer
from shared.conversations.order import in_order, index_of_end, last_activity
from shared.conversations.unseen import goes_on_after, unseen_of, unseen_with
from shared.events.conversation_key import conversation_key
from shared.events.types.conversation_started import ConversationStarted
from shared.tenants.history import History
from shared.wire import replace


def fold(tenant_id: str, conversation_id: str, facts: Iterable[Fact], history: History) -> Conversation:
    """The conversation computed from its facts, whatever their order and however often each of them is given."""
    return deque(folding(tenant_id, conversation_id, facts, history), maxlen=1).pop()


def folding(tenant_id: str, conversation_id: str, facts: Iterable[Fact], history: History) -> Iterator[Conversation]:
    """The fold in steps that take microseconds each. The last conversation is the result."""
    conversation = Conversation(
        tenant_id=tenant_id, conversation_id=conversation_id, key=conversation_key(conversation_id)
    )
    yield conversation
    ordered = in_order(facts)
    for fact in ordered:
        conversation = apply_fact(conversation, fact, history)
        yield conversation
    if ordered:
        yield _seen_as_a_whole(conversation, ordered, history)


def _seen_as_a_whole(conversation: Conversation, ordered: Sequence[Fact], history: History) -> Conversation:
    """The conversation with what follows from all of its facts together."""
    seen = replace(
        conversation,
        last_activity_at=last_activity(ordered),
        bot_activity=conversation.bot_activity.on_days(conversation.started_at or ordered[0].at, history),
        # The start comes first, wherever its key stands among the others.
        folded_to=max(ordered[0].order, ordered[-1].order),
    )
    end = index_of_end(ordered)
    if end is None:
        return seen
    after = goes_on_after(seen, ordered, ordered[end])
    return replace(
        seen,
        unseen=unseen_of(ordered, ordered[end], after),
        ends_at=ordered[end].order,
        goes_on_after=after,
        bot_activity=seen.bot_activity.with_turns(ordered, history),
    )


def follows(conversation: Conversation, fact: Fact) -> bool:
    """True if `with_next` may fold the fact: it stands after all that are folded, and changes no meaning of theirs."""
    if conversation.folded_to is None or fact.event.looks_back or fact.order <= conversation.folded_to:
        return False
    if tells_of_customer(conversation, fact):
        return False
    return conversation.closed_at is None or conversation.goes_on_after is not None


def ends_in_order(conversation: Conversation, new: Sequence[Fact]) -> bool:
    """True if `with_end` may fold these facts, given in order: none is a start, and all stand after what is folded."""
    folded_to = conversation.folded_to
    return (
        conversation.closed_at is None
        and folded_to is not None
        and all(fact.order > folded_to and not isinstance(fact.event, ConversationStarted) for fact in new)
        and not any(tells_of_customer(conversation, fact) for fact in new)
    )


def with_end(conversation: Conversation, new: Sequence[Fact], every: Iterable[Fact], history: History) -> Conversation:
    """An open conversation with new facts, of which one may end it: what `fold` gives for `every` fact.

    Only what follows from all facts together is computed from all. `decisions` may lack those that were made before.
    """
    for fact in new:
        conversation = apply_fact(conversation, fact, history)
    return _seen_as_a_whole(conversation, in_order(every), history)


def with_next(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    """The conversation with one more fact that `follows`: what `fold` gives for its facts and this one.

    It costs the same however many facts were folded. `decisions` may lack those that were made before.
    """
    after = apply_fact(conversation, fact, history)
    if conversation.closed_at is not None:
        return replace(after, folded_to=fact.order, unseen=unseen_with(conversation, fact))
    latest = max(conversation.last_activity_at or fact.at, fact.at)
    activity = after.bot_activity
    if activity.invocations != conversation.bot_activity.invocations:
        activity = activity.invoked_in(history)
    return replace(after, folded_to=fact.order, last_activity_at=latest, bot_activity=activity)
