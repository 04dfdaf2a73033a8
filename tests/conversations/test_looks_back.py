"""Only facts of a type that looks back change what the facts before them mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.extent import goes_on
from shared.conversations.fold import fold
from shared.conversations.transcript import transcript
from shared.events.catalog import EVENT_CLASSES, Event
from shared.events.codec import event_from
from shared.events.conversation_event import ConversationEvent
from shared.events.envelope import parse_time
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.session_settled import SessionSettled
from tests.builders import changed, contoso, document, ended, escalated, fact_of, history, message, started

NOW = parse_time("2026-11-20T12:00:00Z")
LATER = "2026-10-05T11:00:00Z"
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t1"}
HISTORY = [{"id": "h1", "author": {"role": "customer", "id": "customer-1"}, "text": "Hello"}]
CARD = {"BotHandoffTopic": "CreditCard"}

at = st.integers(0, 59).map(lambda minute: f"2026-10-05T10:{minute:02}:00Z")
roles = st.sampled_from(["customer", "bot", "agent", "system"])
earlier = st.one_of(
    at.map(lambda time: started(at=time, channel=THREAD)),
    st.builds(lambda time, role: message(at=time, role=role), at, roles),
    at.map(lambda time: escalated(at=time, context_variables=CARD, transcript=HISTORY)),
    at.map(lambda time: ended(at=time, channel=THREAD)),
)
later: st.SearchStrategy[Event] = st.one_of(
    roles.map(lambda role: message(at=LATER, role=role)),
    st.just(escalated(at=LATER, context_variables={"BotHandoffTopic": "HomeLoan"}, transcript=HISTORY)),
    st.just(started(at=LATER, channel=THREAD)),
    st.just(ended(at=LATER)),
    st.just(changed("of a line that nobody told", at=LATER)),
)


def meaning(events: Sequence[Event], of: Sequence[Event]) -> Mapping[str, Any]:
    """What a conversation's facts make of some of them: start, decisions, lines, and what goes on in the next one."""
    facts, asked = [fact_of(event, NOW) for event in events], {fact_of(event, NOW).id for event in of}
    conversation = fold("contoso", "c1", facts, history(contoso()))
    unseen = conversation.unseen
    return {
        "started": conversation.started_at,
        "decided": [one for one in conversation.decisions if one.cause.fact_id in asked],
        "lines": transcript(facts, "agent")[: len(transcript((fact_of(event, NOW) for event in of), "agent"))],
        "goes on": {fact.id for fact in facts if fact.id in asked and unseen and goes_on(fact, unseen)},
    }


def check_that_a_later_fact_leaves_what_was(before: Sequence[Event], event: Event) -> None:
    assert meaning([*before, event], before) == meaning(before, before)


@given(st.lists(earlier, max_size=6), later.filter(lambda event: not event.looks_back))
def test_a_later_fact_that_does_not_look_back_leaves_what_was(before: list[Event], event: Event) -> None:
    check_that_a_later_fact_leaves_what_was(before, event)


SEEN = {"at": "2026-10-05T10:00:00Z", "factId": "0"}
LOOKING_BACK: Mapping[type[ConversationEvent], tuple[Sequence[Event], Event]] = {
    ConversationStarted: ([escalated(context_variables=CARD)], started(at=LATER)),
    ConversationEnded: ([started(), message(at="2026-10-05T10:30:00Z")], ended(at=LATER, last_seen=SEEN)),
    SessionSettled: (
        [started(channel=THREAD), ended(at="2026-10-05T10:10:00Z"), message(at="2026-10-05T10:30:00Z", role="bot")],
        event_from(document("session.settled", {"revision": 1, "nextAt": "2026-10-05T10:20:00Z"}, at=LATER)),
    ),
}
"""Of each type that looks back: facts, and a later one that changes what they mean."""


@pytest.mark.parametrize("kind", [each for each in EVENT_CLASSES if each.looks_back], ids=lambda kind: kind.__name__)
def test_a_type_that_looks_back_does(kind: type[ConversationEvent]) -> None:
    with pytest.raises(AssertionError, match=r"decided|goes on"):
        check_that_a_later_fact_leaves_what_was(*LOOKING_BACK[kind])
