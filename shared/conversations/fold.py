"""The fold: computes a conversation from the set of its facts. Nothing else decides about a conversation."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from shared.conversations.apply_fact import apply_fact
from shared.conversations.conversation import Conversation
from shared.conversations.course import Course, course_of
from shared.conversations.extent import Extent, comes_from_outside, extent_of
from shared.conversations.fact import Fact
from shared.conversations.holder import MOST_STAYS, Stay, changes_hands_often
from shared.conversations.known_customer import tells_of_customer
from shared.conversations.order import last_activity
from shared.conversations.silence_policy import silence_may_count
from shared.events.conversation_key import conversation_key
from shared.events.types.conversation_started import ConversationStarted
from shared.tenants.history import History
from shared.wire import replace


def fold(tenant_id: str, conversation_id: str, facts: Iterable[Fact], history: History) -> Conversation:
    """The conversation computed from its facts, whatever their order and however often each of them is given."""
    began = Conversation(tenant_id=tenant_id, conversation_id=conversation_id, key=conversation_key(conversation_id))
    known = list(facts)
    if not known:
        return began
    extent = extent_of(known)
    conversation, stays = began, dict[str, Stay]()
    for conversation in _applying(began, extent.own, history):
        if conversation.stay is not None:
            stays[conversation.stay.since.fact_id] = conversation.stay
    course = course_of(conversation, extent, stays, history)
    if course.invoked_at:
        # Who had the conversation when is known only now, and with it which invocations count.
        again = replace(began, invoked_at=dict(course.invoked_at))
        conversation = deque(_applying(again, extent.own, history), maxlen=1).pop()
    return _seen_as_a_whole(conversation, extent, course, known, history)


def _applying(conversation: Conversation, own: Sequence[Fact], history: History) -> Iterator[Conversation]:
    for fact in own:
        conversation = apply_fact(conversation, fact, history)
        yield conversation


def _seen_as_a_whole(
    conversation: Conversation, extent: Extent, course: Course, facts: Iterable[Fact], history: History
) -> Conversation:
    """The conversation with what follows from all of its facts together."""
    own, end = extent.own, extent.end
    activity = conversation.bot_activity.settled(extent.settlement)
    seen = replace(
        conversation,
        last_activity_at=last_activity(own),
        bot_activity=activity.on_days(conversation.started_at or own[0].at, history),
        settlement=extent.settlement,
        invoked_at={},
        # The start comes first, wherever its key stands among the others.
        folded_to=max(fact.order for fact in facts),
        has_uncounted=bool(course.invoked_at),
    )
    if end is None:
        return seen
    return replace(
        seen,
        unseen=extent.unseen,
        ends_at=end.order,
        goes_on_after=extent.goes_on_after,
        open_until=course.open_until,
        last_holder=course.stay.held_by if course.stay else None,
        newest_at=max((fact.at for fact in facts if comes_from_outside(fact)), default=None),
        bot_activity=seen.bot_activity.with_turns(own, history),
    )


def follows(conversation: Conversation, fact: Fact, history: History) -> bool:
    """True if `with_next` may fold the fact: it stands after all that are folded, and changes no meaning of theirs."""
    if conversation.folded_to is None or fact.event.looks_back or fact.order <= conversation.folded_to:
        return False
    if conversation.settlement.continues or conversation.has_uncounted or tells_of_customer(conversation, fact):
        return False
    if conversation.closed_at is not None:
        return _is_after(conversation, fact)
    stay, author = conversation.stay, fact.event.author
    if author is None:
        return True
    if stay is not None and stay.holder == "agent" and author.role == "agent":
        # Lines of the agent who has the conversation may be stored without being folded.
        return author.id == stay.id or changes_hands_often(conversation.stays)
    # A bot's line after the conversation might have ended does not count, which only all facts can tell.
    return author.role != "bot" or not silence_may_count(conversation, fact.at, history)


def _is_after(conversation: Conversation, fact: Fact) -> bool:
    """True if the fact comes after all that counts in a conversation that ended, and does not go on."""
    until, closed_at, after = conversation.open_until, conversation.closed_at, conversation.goes_on_after
    if after is None or until is None or closed_at is None or until != closed_at or fact.at <= closed_at:
        return False
    # What goes on takes changes along, which may be known already.
    may_go_on = conversation.unseen is not None or (fact.event.asks_for_somebody and fact.order > after)
    return fact.event.is_activity and not may_go_on


def ends_in_order(conversation: Conversation, new: Sequence[Fact], history: History) -> bool:
    """True if `with_end` may fold these facts, given in order.

    None is a start, all stand after what is folded, and silence cannot have ended the conversation before.
    """
    folded_to = conversation.folded_to
    return (
        conversation.closed_at is None
        and folded_to is not None
        and not conversation.settlement.continues
        and not silence_may_count(conversation, new[-1].at, history)
        and all(fact.order > folded_to and not isinstance(fact.event, ConversationStarted) for fact in new)
        and not any(tells_of_customer(conversation, fact) for fact in new)
    )


def with_end(conversation: Conversation, new: Sequence[Fact], every: Sequence[Fact], history: History) -> Conversation:
    """An open conversation with new facts, of which one may end it: what `fold` gives for `every` fact.

    Only what follows from all facts together is computed from all. `decisions` may lack those that were made before.
    """
    extent = extent_of(every)
    if extent.unseen is not None or len(conversation.stays) + len(new) > MOST_STAYS:
        # Lines that go on take their changes along, which may be folded already; and not all who had it are known.
        return fold(conversation.tenant_id, conversation.conversation_id, every, history)
    own = {fact.id for fact in extent.own}
    for fact in new:
        if fact.id in own:
            conversation = apply_fact(conversation, fact, history)
    stays = {stay.since.fact_id: stay for stay in conversation.stays}
    course = course_of(conversation, extent, stays, history)
    return _seen_as_a_whole(conversation, extent, course, every, history)


def with_next(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    """The conversation with one more fact that `follows`: what `fold` gives for its facts and this one.

    It costs the same however many facts were folded. `decisions` may lack those that were made before.
    """
    if conversation.closed_at is not None:
        return _with_one_after_the_end(conversation, fact, history)
    after = apply_fact(conversation, fact, history)
    latest = conversation.last_activity_at
    if fact.event.is_activity:
        latest = max(latest or fact.at, fact.at)
    return replace(_with_its_day(conversation, after, history), folded_to=fact.order, last_activity_at=latest)


def _with_one_after_the_end(conversation: Conversation, fact: Fact, history: History) -> Conversation:
    after = _with_its_day(conversation, apply_fact(conversation, fact, history), history)
    newest = max(conversation.newest_at or fact.at, fact.at) if comes_from_outside(fact) else conversation.newest_at
    return replace(after, folded_to=fact.order, newest_at=newest)


def _with_its_day(before: Conversation, after: Conversation, history: History) -> Conversation:
    """The conversation with the day of its first invocation, if that is another one than before."""
    if after.bot_activity.invocations == before.bot_activity.invocations:
        return after
    return replace(after, bot_activity=after.bot_activity.invoked_in(history))
