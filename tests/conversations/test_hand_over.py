"""Who may move a conversation: the bot that has it, and no other one."""

from typing import Any

import pytest

from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.events.catalog import Event
from shared.tenants.configuration import Configuration
from tests.builders import ended, escalated, fact_of, history, message, small, started
from tests.conversations.pipelines import NOW


def at(seconds: int) -> str:
    return f"2026-10-05T{10 + seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def two_bots() -> Configuration:
    """`first` greets; whoever has a Topic goes to `second`, and with an Age to people."""
    queues = [
        {"id": "First", "members": [{"bot": "first", "capacity": 9}]},
        {"id": "Second", "members": [{"bot": "second", "capacity": 9}]},
        {"id": "People", "members": [{"agent": "ana", "capacity": 2}]},
    ]
    rules = [
        {"name": "people", "when": {"variable": "Age", "operator": "hasData"}, "queue": "People"},
        {"name": "second", "when": {"variable": "Topic", "operator": "hasData"}, "queue": "Second"},
        {"name": "first", "when": {"variable": "Topic", "operator": "hasNoData"}, "queue": "First"},
    ]
    variables = [{"name": "Topic", "type": "text"}, {"name": "Age", "type": "number"}]
    stream = {"id": "W", "mode": "push", "fallbackQueue": "People", "contextVariables": variables, "rules": rules}
    bots: list[dict[str, Any]] = [{"id": name, "name": name} for name in ("first", "second", "third")]
    bots.append({"id": "adviser", "name": "Adviser", "smartAssist": True})
    agents = [{"id": "ana", "name": "Ana"}]
    return small(tenant_id="contoso", bots=bots, agents=agents, queues=queues, work_streams=[stream])


HISTORY = history(two_bots())
LOAN: dict[str, Any] = {"Topic": "Loan"}
AGE: dict[str, Any] = {"Age": 20}


def folded(*events: Event) -> Conversation:
    return fold("contoso", "c1", [fact_of(event, NOW) for event in events], HISTORY)


def gives_up(seconds: int, bot: str = "first", **variables: Any) -> Event:
    return escalated(at=at(seconds), bot_id=bot, event_id=f"{bot}-{seconds}", context_variables=variables)


@pytest.mark.parametrize(
    ("bot", "why"),
    [
        ("first", "bot first had given the conversation up"),
        ("third", "bot second had the conversation, and not bot third"),
    ],
)
def test_a_bot_that_gave_it_up_or_never_had_it_moves_nothing_and_is_not_on_the_bill(bot: str, why: str) -> None:
    # Given a conversation that the first bot gave up, and that the second one has
    before = folded(started(at=at(0)), gives_up(10, **LOAN))
    assert before.bot == "second"
    # When a bot escalates that does not have it
    after = folded(started(at=at(0)), gives_up(10, **LOAN), gives_up(20, bot, **AGE))
    # Then nothing moves, no variable is set, and the bill has the same bots; a warning and a decision say why
    assert (after.bot, after.queue, after.assignments) == (before.bot, before.queue, before.assignments)
    assert after.bot_activity == before.bot_activity
    assert after.warnings[-1].code == "escalation_without_effect"
    assert after.warnings[-1].detail == why
    assert (after.decisions[-1].outcome, after.decisions[-1].reason) == ("withoutEffect", why)


@pytest.mark.parametrize("bot", ["first", "third"])
def test_the_end_of_a_bot_that_does_not_have_it_ends_it_and_brings_nothing(bot: str) -> None:
    # Given a conversation that the first bot gave up, and that the second one has
    begun = [started(at=at(0)), gives_up(10, **LOAN)]
    before = folded(*begun)
    # When another bot hands it over and closes it
    after = folded(*begun, ended(at=at(20), bot_id=bot, context_variables=AGE))
    # Then it is closed, but no variable is set, and the bill has the same bots; a warning says why
    assert (after.state, after.assignments) == ("closed", before.assignments)
    assert after.bot_activity == before.bot_activity
    assert after.warnings[-1].code == "escalation_without_effect"


@pytest.mark.parametrize("ends", [False, True])
def test_what_an_adviser_hands_over_has_no_effect_and_is_not_on_the_bill(ends: bool) -> None:
    # Given a conversation that waits for people, and a bot that is declared to advise them alone
    begun = started(at=at(0), context_variables=AGE)
    hands_over = ended(at=at(9), bot_id="adviser", context_variables=LOAN) if ends else gives_up(9, "adviser", **LOAN)
    conversation = folded(begun, hands_over)
    assert (conversation.queue, set(conversation.assignments)) == ("People", {"Age"})
    assert conversation.bot_activity.invocations == ()
    assert conversation.warnings[-1].detail == "bot adviser only advises agents"


def test_no_bot_takes_a_conversation_away_from_the_agent_who_has_it() -> None:
    conversation = folded(
        started(at=at(0)), gives_up(10, **AGE), message(at=at(20), role="agent"), gives_up(30, "third", **LOAN)
    )
    assert (conversation.agent, conversation.queue, conversation.state) == ("ana", "People", "active")


def test_a_bot_that_answers_in_front_of_people_may_escalate_once() -> None:
    # Given a conversation that waits for people from its start on, in front of which a bot answers
    begun = started(at=at(0), context_variables=AGE)
    line = message(at=at(1), role="bot", author_id="third")
    # When that bot escalates, then it is routed; but not a second time
    once = folded(begun, line, gives_up(10, "third", **LOAN))
    assert [decision.outcome for decision in once.decisions] == ["routed", "routed"]
    twice = folded(begun, line, gives_up(10, "third", **LOAN), gives_up(20, "third", **LOAN))
    assert [decision.outcome for decision in twice.decisions] == ["routed", "routed", "withoutEffect"]


def test_an_escalation_that_begins_a_conversation_has_effect_whichever_bot_the_rules_choose() -> None:
    conversation = folded(started(at=at(0)), gives_up(0, "third", **AGE))
    assert (conversation.queue, conversation.state) == ("People", "open")


@pytest.mark.parametrize(("gap", "queue"), [(1, "People"), (300, "People"), (301, "Second")])
def test_an_escalation_may_overtake_the_hand_over_that_gives_its_bot_the_conversation(gap: int, queue: str) -> None:
    # Given a second bot, by whose clock its escalation is before the hand-over to it
    events = [started(at=at(0)), gives_up(10, "second", **AGE), gives_up(10 + gap, "first", **LOAN)]
    # Then it takes effect at the moment at which the bot gets the conversation, if that is within 5 minutes
    conversation = folded(*events)
    assert conversation.queue == queue
    assert conversation.assignments.keys() == ({"Topic", "Age"} if queue == "People" else {"Topic"})
    # and in no other order another one does
    assert folded(*reversed(events)) == conversation


def test_an_early_escalation_has_no_effect_after_the_end() -> None:
    conversation = folded(
        started(at=at(0)), gives_up(10, "second", **AGE), ended(at=at(12)), gives_up(20, "first", **LOAN)
    )
    assert [decision.outcome for decision in conversation.decisions] == ["routed", "withoutEffect", "withoutEffect"]


def test_an_agent_who_writes_has_the_conversation_until_another_one_does() -> None:
    conversation = folded(
        started(at=at(0)), message(at=at(1), role="agent"), message(at=at(2), role="agent", author_id="ben")
    )
    assert (conversation.state, conversation.bot, conversation.agent) == ("active", None, "ben")
    assert [(stay.holder, stay.id) for stay in conversation.stays] == [
        ("bot", "first"),
        ("agent", "ana"),
        ("agent", "ben"),
    ]
