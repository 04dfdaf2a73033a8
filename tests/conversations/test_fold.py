"""The fold: state, queue, warnings and bill follow from the set of facts."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.bot_activity import MOST_BOTS
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.order import in_order
from shared.conversations.state import TRANSITIONS, moved
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.routing.work_stream import WorkStream
from shared.tenants.configuration import Configuration
from shared.tenants.history import History
from shared.wire import replace
from tests.builders import PSEUDONYMS, changed, contoso, ended, escalated, fact_of, history, message, small, started

NOW = parse_time("2026-11-20T12:00:00Z")


Fold = Callable[[str, str, Iterable[Fact], History], Conversation]


def folded(
    *events: Event, configuration: Configuration | None = None, kind: type[Fact] = Fact, fold: Fold = fold
) -> Conversation:
    facts = [kind.of(event, NOW, PSEUDONYMS) for event in events]
    return fold("contoso", "c1", facts, history(configuration or contoso()))


def with_stream(**changes: object) -> Configuration:
    stream: WorkStream = contoso().work_streams[0]
    return contoso().model_copy(update={"work_streams": (stream.model_copy(update=changes),)})


def test_a_new_chat_goes_to_the_bot_and_its_escalation_to_the_topics_queue() -> None:
    # Given the seed's sample, when a chat starts and the bot escalates with a topic
    begun = folded(started())
    handed_over = folded(
        started(), escalated(at="2026-10-05T10:05:00Z", context_variables={"BotHandoffTopic": "CreditCard"})
    )
    # Then the bot has it first, and the people for credit cards have it next
    assert (begun.state, begun.queue, begun.bot) == ("active", "BotQueue", "contoso-bot")
    assert (handed_over.state, handed_over.queue, handed_over.bot) == ("open", "CreditCardQueue", None)
    assert handed_over.escalated_at == parse_time("2026-10-05T10:05:00Z")


@pytest.mark.parametrize(
    ("variables", "queue"),
    [
        ({"BotHandoffTopic": "HomeLoan"}, "HomeLoanQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": 18}, "HomeLoanQueue"),
        ({"BotHandoffTopic": "HomeLoan", "Age": 17}, "GeneralQueue"),
        ({"BotHandoffTopic": "CreditCar"}, "GeneralQueue"),
        ({}, "GeneralQueue"),
    ],
)
def test_an_escalation_goes_where_its_variables_say(
    variables: dict[str, object], queue: str, configuration: Configuration | None = None
) -> None:
    # Given a bot's conversation, when it escalates, with these variables
    handed_over = escalated(at="2026-10-05T10:05:00Z", context_variables=variables)
    conversation = folded(started(), handed_over, configuration=configuration)
    # Then it waits for a human in that queue; a bot that escalated does not get it back, whatever the rules say
    assert (conversation.state, conversation.queue, conversation.bot) == ("open", queue, None)


def test_however_many_unknown_bots_escalate_only_the_one_that_has_the_conversation_moves_it() -> None:
    # Given a conversation that many bots escalate, which nobody declares, and then the one that has it
    unknown = [
        escalated(at=f"2026-10-05T10:{number // 60 + 1:02}:{number % 60:02}Z", bot_id=f"b{number}")
        for number in range(MOST_BOTS + 10)
    ]
    asking = escalated(at="2026-10-05T10:05:00Z", context_variables={"BotHandoffTopic": "CreditCard"})
    # When it is routed, then the head stays bounded, and the declared bot is excluded as ever
    conversation = folded(started(), *unknown, asking)
    assert conversation.escalated_bots == ("b0", "contoso-bot")
    assert conversation.bot_activity.bots == ("contoso-bot", "b0")
    assert {one.code: one.count for one in conversation.warnings} == {
        "unknown_bot": 1,
        "escalation_without_effect": len(unknown),
    }
    assert (conversation.queue, conversation.bot) == ("GeneralQueue", None)


def test_who_ended_and_why_are_kept_apart() -> None:
    # Given a conversation, when a bot ends it for inactivity
    conversation = folded(started(), ended(at="2026-10-05T11:00:00Z", ended_by="bot", reason="inactivity"))
    # Then both are known
    assert (conversation.state, conversation.closed_by, conversation.closed_reason) == ("closed", "bot", "inactivity")


def test_the_earliest_end_closes_and_later_facts_have_no_effect() -> None:
    # Given a conversation that ended, when another end, a bot's word and an escalation are dated after it
    closed = folded(started(), ended(at="2026-10-05T11:00:00Z"))
    later = folded(
        started(),
        ended(at="2026-10-05T11:00:00Z"),
        ended(at="2026-10-05T12:00:00Z", ended_by="agent", reason="other"),
        message(at="2026-10-05T12:01:00Z", role="bot", author_id="other-bot"),
        escalated(at="2026-10-05T12:02:00Z", context_variables={"BotHandoffTopic": "HomeLoan"}),
    )
    # Then nothing changed but that the escalation is explained
    explained = replace(later, decisions=later.decisions[:1], decision_count=1)
    assert replace(explained, folded_to=closed.folded_to, newest_at=closed.newest_at) == closed
    assert later.decisions[1].outcome == "withoutEffect"
    assert later.decisions[1].reason == "the conversation had ended at 2026-10-05T11:00:00Z"


def test_what_is_said_at_the_very_moment_of_the_end_still_belongs_to_it(kind: type[Fact] = Fact) -> None:
    # Given an end and a bot's first word with the same time
    word = message(at="2026-10-05T11:00:00Z", role="bot", author_id="nobody-declares-it")
    conversation = folded(word, ended(at="2026-10-05T11:00:00Z"), kind=kind)
    # Then the word counts, for an end comes last among its equals
    assert [one.bot for one in conversation.bot_activity.invocations] == ["nobody-declares-it"]


def test_nothing_is_routed_before_the_start_is_known() -> None:
    # Given an escalation whose start has not arrived
    held = folded(escalated(context_variables={"BotHandoffTopic": "CreditCard"}))
    # Then it is held, and decided once the start is there
    assert [decision.outcome for decision in held.decisions] == ["held"]
    assert held.queue is None
    known = folded(escalated(context_variables={"BotHandoffTopic": "CreditCard"}), started(at="2026-10-05T09:00:00Z"))
    assert [decision.outcome for decision in known.decisions] == ["routed", "routed"]
    assert known.queue == "CreditCardQueue"


def test_a_start_comes_first_even_where_its_clock_is_ahead(fold: Fold = fold) -> None:
    # Given a start that its channel dates two seconds after the bot's escalation
    handover = escalated(context_variables={"BotHandoffTopic": "CreditCard"})
    conversation = folded(handover, started(at="2026-10-05T10:00:02Z"), fold=fold)
    # Then the bot had it first, and the topic's queue has it now
    assert [decision.queue for decision in conversation.decisions] == ["BotQueue", "CreditCardQueue"]


def test_the_earliest_start_counts_and_a_later_one_only_adds_variables() -> None:
    # Given two starts of one conversation, as ingress announce it when activities overtake each other
    second = started(at="2026-10-05T10:00:05Z", context_variables={"Age": 40})
    conversation = folded(second, started(at="2026-10-05T10:00:01Z"))
    # Then it began with the earlier, is routed once, and knows what the later one told
    assert conversation.started_at == parse_time("2026-10-05T10:00:01Z")
    assert len(conversation.decisions) == 1
    assert conversation.assignments["Age"].value == 40


def test_a_bot_cannot_escalate_from_a_pick_work_stream() -> None:
    # Given a pick work stream
    conversation = folded(started(), escalated(at="2026-10-05T10:05:00Z"), configuration=with_stream(mode="pick"))
    # Then the bot keeps the conversation, and both the decision and a warning say why
    assert conversation.bot == "contoso-bot"
    assert conversation.escalated_at is None
    reason = "bots can escalate in push work streams only, and ChatWorkStream is a pick work stream"
    assert conversation.decisions[1].reason == reason
    assert [(w.code, w.detail) for w in conversation.warnings] == [("escalation_without_effect", reason)]


def test_wrong_and_undeclared_variables_are_kept_left_out_and_warned_about() -> None:
    # Given a topic under a misspelt name, and an age as text
    variables = {"bothandofftopic": "CreditCard", "Age": "17"}
    conversation = folded(started(), escalated(at="2026-10-05T10:05:00Z", context_variables=variables))
    # Then conditions do not see them, nothing is lost, and a warning says how many there are and what the first is
    assert conversation.queue == "GeneralQueue"
    assert {name: given.value for name, given in conversation.assignments.items()} == variables
    detail = "bothandofftopic is not declared in the work stream; did you mean 'BotHandoffTopic'?"
    assert [(w.detail, w.count) for w in conversation.warnings] == [(detail, 2)]


def test_what_the_platform_of_the_bot_sends_hides_no_misspelt_name() -> None:
    # Given an escalation as Copilot Studio makes it, whose topic has a typo
    variables = {"va_Scope": "bot", "va_LastTopic": "Cards", "msdyn_CaseId": "7", "BotHandoffTopc": "CreditCard"}
    conversation = folded(started(), escalated(at="2026-10-05T10:05:00Z", context_variables=variables))
    # Then the warning is of the typo alone, and all are kept
    assert list(conversation.assignments) == list(variables)
    detail = "BotHandoffTopc is not declared in the work stream; did you mean 'BotHandoffTopic'?"
    assert [(w.detail, w.count) for w in conversation.warnings] == [(detail, 1)]


def test_a_conversation_has_as_many_warnings_as_there_are_codes_however_long_it_becomes() -> None:
    # Given a thousand lines by ten bots that nobody declared, and a thousand variables that nobody declared
    lines = [
        message(
            at=f"2026-10-05T10:{n // 60:02}:{n % 60:02}Z", event_id=f"m{n}", role="bot", author_id=f"stranger {n % 10}"
        )
        for n in range(1000)
    ]
    variables = {f"variable {n}": n for n in range(1000)}
    conversation = folded(started(context_variables=variables), *lines)
    # Then each kind has one warning with its count, a bot counts once, and 500 variables are kept
    counts = {warning.code: warning.count for warning in conversation.warnings}
    assert counts == {"unusable_variable": 500, "too_many_variables": 500, "unknown_bot": 10}
    assert list(conversation.assignments) == list(variables)[:500]


def test_names_that_nobody_declared_are_warned_about_and_replaced() -> None:
    # Given a start on an unknown channel and work stream, and a bot that nobody knows
    conversation = folded(
        started(work_stream_id="Nowhere", channel={"accountId": "x", "channelId": "y"}),
        message(at="2026-10-05T10:01:00Z", role="bot", author_id="stranger"),
    )
    # Then the tenant's default work stream takes it, and each name is warned about
    assert conversation.work_stream == "ChatWorkStream"
    assert [w.code for w in conversation.warnings] == ["unknown_work_stream", "unknown_channel", "unknown_bot"]


def test_an_undeclared_agent_is_warned_about_where_agents_are_declared() -> None:
    # Given two lines of an agent whom nobody declared, one of a declared one, and one by the channel's own telephone
    account = {"id": "phone", "dialect": "whatsApp", "channels": [{"id": "p", "workStream": "W", "nativeId": "1065"}]}
    agents = [{"id": "ana", "name": "Ana"}]
    lines = [
        message(at=f"2026-10-05T10:0{n}:00Z", event_id=f"m{n}", role="agent", author_id=who)
        for n, who in enumerate(["stranger", "stranger", "ana", "1065"])
    ]
    conversation = folded(started(), *lines, configuration=small(agents=agents, accounts=[account]))
    # Then the one warning counts the stranger's lines
    [warning] = [warning for warning in conversation.warnings if warning.code == "unknown_agent"]
    assert (warning.detail, warning.count) == ("no agent 'stranger' is declared", 2)
    # and where no agent is declared, nobody is undeclared
    assert "unknown_agent" not in [w.code for w in folded(started(), *lines, configuration=small()).warnings]


@pytest.mark.parametrize(
    ("events", "day"),
    [
        pytest.param([started(at="2026-10-31T23:59:59Z")], "2026-10-31", id="the bot got it in October"),
        pytest.param(
            [escalated(at="2026-11-01T00:00:01Z"), started(at="2026-10-31T23:59:59Z")],
            "2026-10-31",
            id="started in October, known after its escalation of November",
        ),
        pytest.param(
            [started(at="2026-11-01T00:00:05Z"), message(at="2026-10-31T23:59:59Z", role="bot")],
            "2026-10-31",
            id="a bot spoke before the start",
        ),
        pytest.param([message(at="2026-11-01T00:00:00Z", role="bot")], "2026-11-01", id="only a bot's word is known"),
        pytest.param([escalated(at="2026-10-31T23:59:59.999Z")], "2026-10-31", id="only an escalation is known"),
    ],
)
def test_the_first_invocation_fixes_day_and_month(events: list[Event], day: str) -> None:
    activity = folded(*events).bot_activity
    assert (activity.invoked_on, len(activity.invocations)) == (day, 1)


def test_two_bots_are_one_session_and_bots_are_known_by_every_name() -> None:
    # Given a bot by its app id in a channel's spelling, and a second bot
    app_id = "28:7D0CAE1C-0000-4000-8000-000000000001"
    conversation = folded(
        started(),
        message(at="2026-10-05T10:01:00Z", role="bot", author_id=app_id),
        message(at="2026-10-05T10:02:00Z", role="bot", author_id="second"),
    )
    # Then it is one session with two bots
    assert [one.bot for one in conversation.bot_activity.invocations] == ["contoso-bot", "second"]


def test_smart_assist_is_no_session() -> None:
    # Given a queue of people only, and a bot that advises the agent
    people = with_stream(rules=())
    advice = message(at="2026-10-05T10:01:00Z", author={"role": "bot", "id": "adviser", "smartAssist": True})
    conversation = folded(started(), advice, configuration=people)
    # Then no session is counted
    assert not conversation.bot_activity.invocations
    assert conversation.bot_activity.smart_assist


def test_times_finer_than_a_microsecond_keep_their_order() -> None:
    # Given two lines 100 ns apart
    first, second = message(at="2026-10-05T10:00:00.1234561Z"), message(at="2026-10-05T10:00:00.1234562Z")
    assert in_order([fact_of(second, NOW), fact_of(first, NOW)])[0].event == first


def test_an_event_of_the_future_counts_as_its_arrival() -> None:
    # Given an event that is ahead of our clock by whatever little
    time = (NOW + timedelta(microseconds=1)).isoformat()
    fact = fact_of(message(at=time), NOW)
    # Then it counts as arrived now, and the sender's text is kept
    assert fact.at == NOW
    assert fact.event.time == time


def test_only_the_listed_transitions_are_allowed() -> None:
    for state, allowed in TRANSITIONS.items():
        for target in TRANSITIONS:
            if target in allowed or target == state:
                assert moved(state, target) == target
            else:
                with pytest.raises(ValueError, match="cannot go from"):
                    moved(state, target)


def _times() -> st.SearchStrategy[str]:
    edge = parse_time("2026-10-31T23:59:00Z")
    return st.integers(0, 120).map(lambda second: (edge + timedelta(seconds=second)).isoformat())


def _events() -> st.SearchStrategy[Event]:
    bots = st.sampled_from(["contoso-bot", "second", "7d0cae1c-0000-4000-8000-000000000001"])
    topics = st.sampled_from(["CreditCard", "HomeLoan", "", 7])
    return st.one_of(
        st.builds(lambda at: started(at=at), _times()),
        st.builds(lambda at, role: message(at=at, role=role), _times(), st.sampled_from(["customer", "agent", "bot"])),
        st.builds(
            lambda at, topic, bot: escalated(at=at, bot_id=bot, context_variables={"BotHandoffTopic": topic}),
            _times(), topics, bots,
        ),
        st.builds(lambda at: ended(at=at), _times()),
        st.builds(lambda at: changed(at=at), _times()),
    )  # fmt: skip


@given(st.lists(_events(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_order_nor_duplication_changes_anything(events: list[Event], chance: Random) -> None:
    # Given any facts, when they come in any order, some of them several times
    shuffled = [*events, *events[: len(events) // 2]]
    chance.shuffle(shuffled)
    # Then they make the same conversation
    assert folded(*shuffled) == folded(*events)


def test_the_moment_of_a_fact_is_kept_in_utc() -> None:
    fact = fact_of(message(at="2026-10-05T12:00:00+02:00"), NOW)
    assert fact.at == datetime.fromisoformat("2026-10-05T10:00:00+00:00")
