"""A decision in sentences. The sample is the seed's: first the bot, then the queue for what the bot cannot do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.fold import fold
from shared.conversations.traces import traced_decisions
from shared.events.catalog import Event
from shared.routing.condition_trace import ConditionTrace
from shared.routing.decision import Decision
from shared.routing.explain import explain
from shared.routing.trace import RuleTrace, Trace, TracedDecision
from shared.tenants.configuration import Configuration
from tests.builders import (
    TEN,
    contoso,
    ended,
    escalated,
    fact_of,
    given_value,
    history,
    json_values,
    small,
    small_document,
    started,
)
from tests.routing.routed import START, routed

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
LATER = "2026-10-05T10:05:00Z"
READ = "The rules of work stream ChatWorkStream were read from top to bottom (configuration version 1)."


def last_decision(*events: Event, configuration: Configuration | None = None) -> list[str]:
    """What is said about the last decision of a conversation with these events."""
    facts, versions = [fact_of(event, NOW) for event in events], history(configuration or contoso())
    return explain(traced_decisions(fold("contoso", "c1", facts, versions).decisions, facts, versions)[-1])


def escalation_with(**variables: Any) -> list[str]:
    """What is said about the sample's bot escalating with these variables."""
    return last_decision(started(), escalated(at=LATER, context_variables=variables))


SET = f"(set by bot contoso-bot at {LATER})"


def it_is(value: str) -> str:
    return f"(it is {value}, set by bot contoso-bot at {LATER})"


NO_DATA = "(it has no data)"
ESCALATED = "At 2026-10-05T10:05:00Z bot contoso-bot escalated."
WAITING = "It is open there until a human takes it."
FALLBACK = "No rule could be applied, so the conversation went to the fallback queue GeneralQueue."


def test_a_new_chat_goes_to_the_bot() -> None:
    # given the sample: BotRule asks for an empty BotHandoffTopic, and leads to the queue of the bot
    # when a customer starts a chat, then the sentences say why the bot has it
    assert last_decision(started()) == [
        "At 2026-10-05T10:00:00Z the conversation started.",
        READ,
        "Rule 1, BotRule, was applied, because BotHandoffTopic has no data.",
        "Rule 2, CreditCardRule, was not reached.",
        "Rule 3, HomeLoanRule, was not reached.",
        "So the conversation went to queue BotQueue.",
        "Bot contoso-bot took it, because its capacity of 100 is the highest there.",
    ]


def test_an_escalation_about_credit_cards_goes_to_their_queue() -> None:
    # given a chat that the bot has
    # when the bot escalates it with the topic CreditCard, then the second rule says why it is there
    card = it_is('"CreditCard"')
    assert escalation_with(BotHandoffTopic="CreditCard") == [
        ESCALATED,
        READ,
        f"Rule 1, BotRule, did not match, because BotHandoffTopic has data {card}.",
        f'Rule 2, CreditCardRule, was applied, because BotHandoffTopic equals "CreditCard" {SET}.',
        "Rule 3, HomeLoanRule, was not reached.",
        "So the conversation went to queue CreditCardQueue.",
        WAITING,
    ]


def test_an_escalation_about_home_loans_goes_to_their_queue() -> None:
    # given a chat that the bot has
    # when the bot escalates it with the topic HomeLoan, then both parts of the third rule are told
    loan = it_is('"HomeLoan"')
    assert escalation_with(BotHandoffTopic="HomeLoan") == [
        ESCALATED,
        READ,
        f"Rule 1, BotRule, did not match, because BotHandoffTopic has data {loan}.",
        f'Rule 2, CreditCardRule, did not match, because BotHandoffTopic does not equal "CreditCard" {loan}.',
        (
            f'Rule 3, HomeLoanRule, was applied, because BotHandoffTopic is one of "HomeLoan", "Mortgage" {loan} '
            f"and Age is not less than 18 {NO_DATA}."
        ),
        "So the conversation went to queue HomeLoanQueue.",
        WAITING,
    ]


def test_only_the_part_that_failed_is_told() -> None:
    # given a chat that the bot has
    # when a minor asks for a home loan, then the third rule names the age and nothing else
    sentences = escalation_with(BotHandoffTopic="HomeLoan", Age=17)
    assert sentences[4:] == [
        f"Rule 3, HomeLoanRule, did not match, because Age is less than 18 {it_is('17')}.",
        FALLBACK,
        WAITING,
    ]


def test_an_escalation_about_something_else_goes_to_the_fallback_queue() -> None:
    # given a chat that the bot has
    # when the bot escalates it with a topic that no rule knows, then each rule says why it did not match
    other = it_is('"Insurance"')
    assert escalation_with(BotHandoffTopic="Insurance")[3:] == [
        f'Rule 2, CreditCardRule, did not match, because BotHandoffTopic does not equal "CreditCard" {other}.',
        f'Rule 3, HomeLoanRule, did not match, because BotHandoffTopic is none of "HomeLoan", "Mortgage" {other}.',
        FALLBACK,
        WAITING,
    ]


def test_an_escalation_without_a_topic_does_not_go_back_to_the_bot() -> None:
    # given a chat that the bot has
    # when the bot escalates it without a topic, then BotRule matches, and the sentence says why it was not taken
    assert escalation_with()[2:] == [
        (
            "Rule 1, BotRule, matched, because BotHandoffTopic has no data; it was passed over, because "
            "every bot of BotQueue has given this conversation up and no human is in that queue."
        ),
        f'Rule 2, CreditCardRule, did not match, because BotHandoffTopic does not equal "CreditCard" {NO_DATA}.',
        f'Rule 3, HomeLoanRule, did not match, because BotHandoffTopic is none of "HomeLoan", "Mortgage" {NO_DATA}.',
        FALLBACK,
        WAITING,
    ]


def pick_stream() -> Configuration:
    [stream] = small_document()["workStreams"]
    bots = [{"id": "contoso-bot", "name": "Contoso bot"}]
    return small(work_streams=[{**stream, "mode": "pick", "rules": []}], bots=bots)


@pytest.mark.parametrize(
    ("before", "configuration", "reason"),
    [
        ([], contoso, "conversation.started is not known yet"),
        (
            [started(), ended(at="2026-10-05T10:02:00Z")],
            contoso,
            "the conversation had ended at 2026-10-05T10:02:00Z",
        ),
        (
            [started()],
            pick_stream,
            "bots can escalate in push work streams only, and W is a pick work stream",
        ),
    ],
)
def test_an_escalation_without_effect_says_why(
    before: list[Event], configuration: Callable[[], Configuration], reason: str
) -> None:
    # given a conversation that has not started, or has ended, or is in a pick work stream
    # when the bot escalates, then the decision says that it had no effect, and why
    assert last_decision(*before, escalated(at=LATER), configuration=configuration()) == [
        ESCALATED,
        f"Nothing was routed: {reason}.",
    ]


def why(condition: ConditionTrace) -> str:
    """The reason that the first rule gives."""
    status = "applied" if condition.result else "notMatched"
    rule = RuleTrace.model_validate({"name": "R", "queue": "Q", "status": status, "condition": condition})
    decision = Decision(cause=START, outcome="routed", work_stream="W", configuration_version=1, queue="Q")
    return explain(TracedDecision(decision, Trace(rules=(rule,))))[2].partition("because ")[2].removesuffix(".")


def compared(operator: str, value: Any, result: bool) -> ConditionTrace:
    saw = given_value("X", "x")["X"]
    return ConditionTrace(operator=operator, result=result, variable="X", value=value, saw=saw)


@pytest.mark.parametrize(
    ("operator", "value", "holding", "failing"),
    [
        ("equals", "a", 'X equals "a"', 'X does not equal "a"'),
        ("notEquals", 5, "X does not equal 5", "X equals 5"),
        ("contains", "ä\n", 'X contains "ä\\n"', 'X does not contain "ä\\n"'),
        ("notContains", "a", 'X does not contain "a"', 'X contains "a"'),
        ("beginsWith", "a", 'X begins with "a"', 'X does not begin with "a"'),
        ("greaterThan", -1, "X is greater than -1", "X is not greater than -1"),
        ("lessThan", 0, "X is less than 0", "X is not less than 0"),
        ("in", ("a", 5), 'X is one of "a", 5', 'X is none of "a", 5'),
        ("hasData", None, "X has data", "X has no data"),
        ("hasNoData", None, "X has no data", "X has data"),
    ],
)
def test_how_each_operator_reads(operator: str, value: Any, holding: str, failing: str) -> None:
    # given a comparison that held, and one that did not
    # then each is said as what was the case, with who set it, and the value unless that was named already
    seen, set_by = f' (it is "x", set by bot contoso-bot at {TEN})', f" (set by bot contoso-bot at {TEN})"
    assert why(compared(operator, value, result=True)) == holding + (set_by if operator == "equals" else seen)
    assert why(compared(operator, value, result=False)) == failing + seen


def test_combined_conditions_tell_the_parts_that_decided() -> None:
    # given parts of which one held and two did not
    yes = compared("hasData", None, result=True)
    no, neither = compared("equals", "a", result=False), compared("equals", "b", result=False)
    seen = f'(it is "x", set by bot contoso-bot at {TEN})'
    # then any tells what held, or that nothing did
    assert why(ConditionTrace(operator="any", result=True, parts=(no, yes))) == f"X has data {seen}"
    nothing = ConditionTrace(operator="any", result=False, parts=(no, neither))
    assert why(nothing) == f'X does not equal "a" {seen} and X does not equal "b" {seen}'
    # and all tells what failed, or that everything held
    assert why(ConditionTrace(operator="all", result=False, parts=(yes, no))) == f'X does not equal "a" {seen}'
    assert (
        why(ConditionTrace(operator="all", result=True, parts=(yes, yes))) == f"X has data {seen} and X has data {seen}"
    )
    # and not tells its part as it was
    assert why(ConditionTrace(operator="not", result=True, parts=(no,))) == f'X does not equal "a" {seen}'


@pytest.mark.parametrize(
    ("bot", "capacity", "passed_over", "sentence"),
    [
        ("b1", 5, (), "Bot b1 took it, because its capacity of 5 is the highest there."),
        (
            "b1",
            5,
            ("b2",),
            (
                "Bot b1 took it, because its capacity of 5 is the highest there "
                "(b2 has given it up and does not get it back)."
            ),
        ),
        (None, 2, (), WAITING),
        (
            None,
            2,
            ("b2",),
            "It is open there until a human takes it (b2 has given it up and does not get it back).",
        ),
        (None, None, (), "It is open there, but the queue has no member who can take it."),
    ],
)
def test_the_last_sentence_says_who_has_the_conversation(
    bot: str | None, capacity: int | None, passed_over: tuple[str, ...], sentence: str
) -> None:
    # given who took it, or that it waits, and the bots that may not have it again
    decision = Decision(cause=START, outcome="routed", rule="R", queue="Q", bot=bot, capacity=capacity)
    traced = TracedDecision(decision, Trace(passed_over_bots=passed_over))
    # then the last sentence says so
    assert explain(traced)[-1] == sentence


@given(json_values(3), json_values(3), st.booleans())
def test_every_decision_is_explained_in_whole_sentences(topic: Any, age: Any, has_escalated: bool) -> None:
    # given a decision about any values, of any type
    stream = contoso().work_streams[0]
    variables = {**given_value("BotHandoffTopic", topic), **given_value("Age", age)}
    gave_up = ["contoso-bot"] if has_escalated else []
    # when it is explained
    sentences = explain(routed(stream, contoso().queues, variables, gave_up))
    # then there is a sentence for the cause, the work stream, every rule, the queue and who took it
    assert len(sentences) == 4 + len(stream.rules)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences)
