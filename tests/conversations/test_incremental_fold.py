"""Folding facts one by one, as they come, gives what folding all of them gives."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.conversations.fold import ends_in_order, fold, follows, with_end, with_next
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.events.notes import EventNote, notes_attribute
from shared.tenants.history import History
from shared.wire import replace
from tests.builders import changed, contoso, ended, escalated, fact_of, history, message, started
from tests.seeds import CUSTOMER_ID

NOW = parse_time("2026-11-20T12:00:00Z")
HISTORY = history(contoso())
CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat"}
THREAD = {**CHANNEL, "threadId": "t1"}
PLACES = [CHANNEL, THREAD]

_at = st.integers(0, 9).map(lambda second: f"2026-10-05T10:00:0{second}Z")
_role = st.sampled_from(["customer", "bot", "agent", "system"])
_bot = st.sampled_from(["contoso-bot", "other", "7d0cae1c-0000-4000-8000-000000000001"])
_topic = st.sampled_from(["CreditCard", "HomeLoan", "unknown", 7])
_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        lambda at, role, bot, smart: message(
            at=at, author={"role": role, "id": bot, "smartAssist": smart and role == "bot"}
        ),
        _at, _role, _bot, st.booleans(),
    ),
    st.builds(
        lambda at, name, locale, code: message(
            at=at, author={"role": "customer", "id": CUSTOMER_ID, **({"name": name} if name else {})}, locale=locale
        ).with_unknown(notes_attribute([EventNote(code, "text")] if code else [])),
        _at, st.sampled_from([None, "Ana", "Anna"]), st.sampled_from(["", "cs"]), st.sampled_from([None, "a", "b"]),
    ),
    st.builds(lambda at, place: started(at=at, channel=place), _at, st.sampled_from(PLACES)),
    st.builds(
        lambda at, bot, topic: escalated(at=at, bot_id=bot, context_variables={"BotHandoffTopic": topic}),
        _at, _bot, _topic,
    ),
    st.builds(lambda at: ended(at=at), _at),
    st.builds(lambda at: changed(at=at), _at),
    st.builds(lambda at, seen: ended(at=at, last_seen={"at": seen, "factId": "0" * 64}), _at, _at),
)  # fmt: skip


def whole(facts: Sequence[Fact]) -> Conversation:
    return fold("contoso", "c1", facts, HISTORY)


def one_by_one(
    facts: Sequence[Fact], follows: Callable[[Conversation, Fact, History], bool] = follows
) -> tuple[Conversation, int]:
    """The conversation as the recorder makes it, and how many facts were folded without looking at others."""
    conversation, alone = whole(facts[:1]), 0
    for number, fact in enumerate(facts[1:], start=2):
        if follows(conversation, fact, HISTORY):
            # As a store gives the head: without its decisions.
            before = replace(conversation, decisions=())
            conversation = with_decisions_of(conversation, with_next(before, fact, HISTORY))
            alone += 1
        elif fact.event.ends_conversation and ends_in_order(conversation, [fact], HISTORY):
            after = with_end(replace(conversation, decisions=()), [fact], facts[:number], HISTORY)
            conversation = with_decisions_of(conversation, after)
        else:
            conversation = whole(facts[:number])
    return conversation, alone


def with_decisions_of(before: Conversation, after: Conversation) -> Conversation:
    """What a store holds: the decisions it had, and from their number on those that it was given now."""
    kept = before.decisions[: after.decision_count - len(after.decisions)]
    return replace(after, decisions=(*kept, *after.decisions))


def check(events: Sequence[Event], seed: int, follows: Callable[[Conversation, Fact, History], bool] = follows) -> None:
    facts = [fact_of(event, NOW) for event in {event.id: event for event in events}.values()]
    Random(seed).shuffle(facts)
    assert one_by_one(facts, follows)[0] == whole(facts)


@settings(max_examples=300, deadline=None)
@example([started(at="2026-10-05T10:00:00Z"), changed(at="2026-10-05T10:00:05Z")], 1)
@given(st.lists(_events, min_size=1, max_size=8), st.integers(0, 1000))
def test_every_order_of_arrival_gives_the_fold_of_all_facts(events: list[Event], seed: int) -> None:
    check(events, seed)


def in_any_order(conversation: Conversation, fact: Fact, history: History) -> bool:
    """Fold a fact into whatever is there, if its type does not look back."""
    return not fact.event.looks_back


def whatever_it_means(conversation: Conversation, fact: Fact, history: History) -> bool:
    """Fold each fact that stands after all others, also one whose type looks back."""
    return conversation.folded_to is not None and fact.order > conversation.folded_to


@pytest.mark.parametrize(
    ("wrong", "events"),
    [
        (in_any_order, [escalated(at="2026-10-05T10:00:05Z"), escalated(at="2026-10-05T10:00:01Z", event_id="e")]),
        (whatever_it_means, [escalated(), started(at="2026-10-05T10:00:01Z")]),
    ],
)
def test_a_fact_is_folded_without_the_others_although_it_must_not(
    wrong: Callable[[Conversation, Fact, History], bool], events: list[Event]
) -> None:
    with pytest.raises(AssertionError, match="Conversation"):
        check_every_order(events, wrong)


def check_every_order(events: Sequence[Event], follows: Callable[[Conversation, Fact, History], bool]) -> None:
    for seed in range(10):
        check(events, seed, follows)


def test_lines_and_escalations_in_order_are_folded_without_the_others() -> None:
    # Given a conversation that begins, goes on, ends, and is spoken to after its end
    before = [escalated(at=f"2026-10-05T10:00:{n:02}Z") for n in range(10, 20)]
    after = [message(at=f"2026-10-05T10:02:{n:02}Z") for n in range(10, 20)]
    for channel, unseen in ((CHANNEL, None), (THREAD, 10)):
        events: list[Event] = [started(channel=channel), *before, ended(at="2026-10-05T10:01:00Z"), *after]
        facts = [fact_of(event, NOW) for event in events]
        # Then only its end makes the recorder look at all facts, and what goes on after it in a thread
        conversation, alone = one_by_one(facts)
        assert alone == (20 if unseen is None else 10)
        assert conversation == whole(facts)
        assert (conversation.unseen.count if conversation.unseen else None) == unseen
