"""Deciding: the first rule that matches and can be taken, else the fallback; and who takes the conversation there."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration
from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition_trace import evaluate
from shared.routing.context_variable import (
    Assignment,
    DeclaredVariable,
    Unusable,
    Value,
    VariableType,
    seen_value,
)
from shared.routing.decide import REVISION, decide
from shared.routing.trace import Trace, TracedDecision
from shared.routing.work_stream import Member, Queue, Rule, WorkStream
from shared.tenants.configuration import Configuration
from shared.wire import validate
from tests.builders import contoso, given_value, small, small_document
from tests.routing.generated import conditions
from tests.routing.routed import START, routed


def route(
    configuration: Configuration, variables: Mapping[str, Assignment], escalated: Collection[str] = ()
) -> TracedDecision:
    return routed(configuration.work_streams[0], configuration.queues, variables, escalated, 3)


def statuses(trace: Trace) -> list[str]:
    return [rule.status for rule in trace.rules]


def topic(value: Any) -> dict[str, Assignment]:
    return given_value("Topic", value)


def rule(name: str, queue: str, operator: str = "hasData", **value: Any) -> dict[str, Any]:
    return {"name": name, "queue": queue, "when": {"variable": "Topic", "operator": operator, **value}}


def with_rules(rules: Sequence[dict[str, Any]], members: Sequence[dict[str, Any]] = ()) -> Configuration:
    """Queues A and B of the given members, a fallback queue Q of nobody, the bots b1 and b2, the agents ana and ben."""
    [stream] = small_document()["workStreams"]
    return small(
        bots=[{"id": "b1", "name": "b1"}, {"id": "b2", "name": "b2"}],
        agents=[{"id": "ana", "name": "Ana"}, {"id": "ben", "name": "Ben"}],
        queues=[{"id": "A", "members": members}, {"id": "B", "members": members}, {"id": "Q"}],
        work_streams=[{**stream, "rules": rules}],
    )


def test_the_first_rule_that_matches_is_applied_and_later_ones_are_not_reached() -> None:
    # given three rules, of which the second and the third match
    rules = [
        rule("R1", "B", operator="hasNoData"),
        rule("R2", "A"),
        rule("R3", "B", operator="equals", value="Card"),
        rule("R4", "B", operator="equals", value="Loan"),
    ]
    # when a conversation with that topic is routed
    decision, trace, _ = route(with_rules(rules), topic("Card"))
    # then the second decides, and the trace says what became of each
    assert (decision.outcome, decision.rule, decision.queue) == ("routed", "R2", "A")
    assert statuses(trace) == ["notMatched", "applied", "notReached", "notReached"]
    assert [rule.condition is not None for rule in trace.rules] == [True, True, False, False]
    assert (decision.work_stream, decision.configuration_version, decision.cause) == ("W", 3, START)


@pytest.mark.parametrize("rules", [[], [rule("R1", "A", operator="equals", value="Loan")]])
def test_without_a_match_the_fallback_queue_takes_it(rules: list[dict[str, Any]]) -> None:
    # given a work stream without rules, or whose rule does not match
    # when a conversation is routed
    decision, trace, _ = route(with_rules(rules), topic("Card"))
    # then it goes to the fallback queue, by no rule
    assert (decision.rule, decision.queue) == (None, "Q")
    assert statuses(trace) == ["notMatched"] * len(rules)


@pytest.mark.parametrize("value", ["card", "CARD", "Card ", "Ca\u0301rd"])
def test_text_is_compared_case_sensitively(value: str) -> None:
    # given a rule for "Card"
    rules = [rule("R1", "A", operator="equals", value="Card")]
    # when the topic is nearly that
    # then the rule does not match
    assert route(with_rules(rules), topic(value)).decision.queue == "Q"


def test_conditions_do_not_see_values_of_another_type_or_undeclared_names() -> None:
    # given a rule for any topic
    rules = [rule("R1", "A")]
    # when the topic is a number, or the name is spelled otherwise
    # then the rule does not match, for the one makes it unknown, and the other is no topic
    number = topic(5)
    for variables, result, saw in ((number, None, number["Topic"]), (given_value("topic", "Card"), False, None)):
        decision, trace, _ = route(with_rules(rules), variables)
        assert decision.queue == "Q"
        condition = trace.rules[0].condition
        assert condition is not None
        assert (condition.result, condition.saw) == (result, saw)


@pytest.mark.parametrize(
    ("members", "bot", "capacity"),
    [
        ([{"bot": "b1", "capacity": 3}, {"agent": "ana", "capacity": 2}], "b1", 3),
        ([{"agent": "ana", "capacity": 2}, {"bot": "b1", "capacity": 3}], "b1", 3),
        ([{"bot": "b1", "capacity": 3}, {"agent": "ana", "capacity": 4}], None, 4),
        ([{"bot": "b1", "capacity": 2}, {"agent": "ana", "capacity": 2}], None, 2),
        ([{"bot": "b1", "capacity": 2}, {"bot": "b2", "capacity": 3}, {"agent": "ana", "capacity": 1}], "b2", 3),
        ([{"bot": "b2", "capacity": 2}, {"bot": "b1", "capacity": 2}], "b2", 2),
        ([{"bot": "b1", "capacity": 0}], "b1", 0),
        ([{"agent": "ana", "capacity": 2}, {"agent": "ben", "capacity": 9}], None, 9),
        ([], None, None),
    ],
)
def test_the_bot_takes_it_when_it_has_the_highest_capacity(
    members: list[dict[str, Any]], bot: str | None, capacity: int | None
) -> None:
    # given a queue with bots and humans
    # when a conversation comes there
    decision, _, _ = route(with_rules([rule("R1", "A")], members), topic("Card"))
    # then the member of the highest capacity comes first: a human on equal capacity, among bots the first one named
    assert (decision.queue, decision.bot, decision.capacity) == ("A", bot, capacity)


def test_a_bot_that_escalated_never_gets_the_conversation_back() -> None:
    # given a queue where the bot that escalated comes before another bot, and that one before a human
    members = [{"bot": "b1", "capacity": 9}, {"bot": "b2", "capacity": 5}, {"agent": "ana", "capacity": 2}]
    configuration = with_rules([rule("R1", "A")], members)
    # when the conversation is routed there again, after one bot escalated, and after both did
    once, after_one, _ = route(configuration, topic("Card"), escalated=["b1"])
    twice, after_two, _ = route(configuration, topic("Card"), escalated=["b1", "b2"])
    # then whoever is next takes it, and the decision says who was passed over
    assert (once.rule, once.bot, after_one.passed_over_bots) == ("R1", "b2", ("b1",))
    assert (twice.rule, twice.bot, twice.capacity, after_two.passed_over_bots) == ("R1", None, 2, ("b1", "b2"))


def test_a_queue_of_nobody_but_escalated_bots_is_passed_over() -> None:
    # given a first rule that matches everything and leads to bots only, as the seed's BotRule would without its topic
    bots = [{"bot": "b1", "capacity": 9}, {"bot": "b2", "capacity": 5}]
    [stream] = small_document()["workStreams"]
    configuration = small(
        bots=[{"id": "b1", "name": "b1"}, {"id": "b2", "name": "b2"}],
        agents=[{"id": "ana", "name": "Ana"}],
        queues=[
            {"id": "A", "members": bots},
            {"id": "B", "members": [{"agent": "ana", "capacity": 1}]},
            {"id": "Q", "members": bots},
        ],
        work_streams=[{**stream, "rules": [rule("R1", "A"), rule("R2", "B", operator="beginsWith", value="Card")]}],
    )
    # when both bots have escalated
    decision, trace, _ = route(configuration, topic("Card"), escalated=["b1", "b2"])
    # then the next rule that matches is applied
    assert (decision.rule, decision.queue) == ("R2", "B")
    assert statuses(trace) == ["passedOver", "applied"]
    # and when only one has, the other bot takes it by the first rule
    assert route(configuration, topic("Card"), escalated=["b1"]).decision.bot == "b2"
    # and when no other rule matches, it is the fallback queue's, whoever is there
    stranded, after, _ = route(configuration, topic("Loan"), escalated=["b1", "b2"])
    assert (stranded.rule, stranded.queue, stranded.bot, stranded.capacity) == (None, "Q", None, None)
    assert statuses(after) == ["passedOver", "notMatched"]


def test_a_queue_without_members_is_taken_where_a_rule_says_so() -> None:
    # given a rule that leads to a queue of nobody (people are assigned later)
    # when it matches
    decision, trace, _ = route(with_rules([rule("R1", "A")]), topic("Card"), escalated=["b1"])
    # then it is applied
    assert (decision.rule, decision.queue, decision.bot, trace.passed_over_bots) == ("R1", "A", None, ())


@pytest.mark.parametrize(
    ("variables", "queue"),
    [
        ({"BotHandoffTopic": "CreditCard"}, "CreditCardQueue"),
        ({"BotHandoffTopic": "HomeLoan"}, "HomeLoanQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": 18}, "HomeLoanQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": 17}, "GeneralQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": 18.0}, "HomeLoanQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": "17"}, "GeneralQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": True}, "GeneralQueue"),
        ({"BotHandoffTopic": "Mortgage", "Age": None}, "GeneralQueue"),
        ({"BotHandoffTopic": "creditcard"}, "GeneralQueue"),
        ({"BotHandoffTopic": ""}, "GeneralQueue"),
        ({}, "GeneralQueue"),
    ],
)
def test_the_sample_routes_an_escalation_by_its_variables(variables: dict[str, Any], queue: str) -> None:
    # given the sample configuration, and a conversation that its bot gave up
    known = {name: given_value(name, value)[name] for name, value in variables.items()}
    # when it is routed
    decision, _, _ = route(contoso(), known, escalated=["contoso-bot"])
    # then it goes where its variables say, and never back to the bot
    assert (decision.queue, decision.bot) == (queue, None)


OUTCOMES = {1: "0e3620c74d9263b9", 2: "43c453ecce97db27"}
"""By revision of `decide`: the hash of what it makes of some conversations."""


def test_what_decide_makes_of_its_inputs_changes_with_its_revision_only(deciding: Any = decide) -> None:
    # given some conversations, each over rules of its own, with values of its own
    chance = Random(2026)
    outcomes = []
    for _ in range(500):
        rules = CompiledRules.of(_stream(chance), QUEUES)
        values = {name: chance.choice(["", "a", "b", "ab", 1, 2, None, "a" * 4001]) for name in ("Topic", "Age")}
        variables = {name: given_value(name, value)[name] for name, value in values.items() if value is not None}
        # when they are decided
        decision = deciding(START, rules, variables, chance.choice([[], ["b1"], ["b2", "b1"]]), 1)
        outcomes.append([decision.rule, decision.queue, decision.bot, decision.capacity])
    # then what comes out is what this revision makes of them: whoever changes that raises the revision
    assert hashlib.sha256(repr(outcomes).encode()).hexdigest()[:16] == OUTCOMES[REVISION]


DECLARED = (DeclaredVariable(name="X", type="text"), DeclaredVariable(name="Y", type="number"))
RULES = st.lists(
    st.builds(
        Rule,
        name=st.uuids().map(str),
        when=conditions(st.sampled_from(["X", "Y", "Z"]), st.text("ab", min_size=1, max_size=2)),
        queue=st.sampled_from(["A", "B"]),
    ),
    max_size=6,
).map(tuple)
GIVEN = st.dictionaries(
    st.sampled_from(["X", "Y", "Z"]),
    st.text("ab", max_size=2) | st.integers(-2, 2) | st.sampled_from([None, True, 1.0]),
)


@settings(max_examples=500)
@given(RULES, GIVEN, st.sets(st.sampled_from(["b1", "b2"])))
def test_the_rule_is_the_first_whose_trace_holds(
    rules: tuple[Rule, ...], values: dict[str, Any], escalated: set[str]
) -> None:
    check_rule(rules, values, escalated)


def check_rule(
    rules: tuple[Rule, ...], values: dict[str, Any], escalated: Collection[str], deciding: Any = decide
) -> None:
    # given any rules over a text, a number and a variable that is not declared, and any values
    stream = WorkStream(id="W", mode="push", fallback_queue="Q", context_variables=DECLARED, rules=rules)
    variables = {name: given_value(name, value)[name] for name, value in values.items()}
    types: dict[str, VariableType] = {"X": "text", "Y": "number"}
    seen: dict[str, Value | Unusable | None] = dict.fromkeys(("X", "Y", "Z"))
    for name, value in values.items():
        seen[name] = seen_value(value, types[name]) if name in types else Unusable.OTHER
    queues = {queue.id: queue for queue in QUEUES}
    # when a conversation is routed
    decision = deciding(START, CompiledRules.of(stream, QUEUES), variables, escalated, 1)
    # then by the first rule that holds, if each is evaluated in turn, and whose queue can take it
    holding = (rule for rule in rules if evaluate(rule.when, seen).result)
    expected = next((rule.name for rule in holding if not queues[rule.queue].is_stranded(escalated)), None)
    assert decision.rule == expected


QUEUES = (
    Queue(id="A", members=(Member(bot="b1", capacity=1), Member(bot="b2", capacity=2))),
    Queue(id="B", members=(Member(bot="b1", capacity=2), Member(agent="a", capacity=2), Member(bot="b2", capacity=3))),
    Queue(id="Q"),
)


def _stream(chance: Random) -> WorkStream:
    """Four rules of two comparisons each."""
    rules = [
        {
            "name": f"R{number}",
            "when": {
                chance.choice(["all", "any"]): [
                    chance.choice([comparison, {"not": comparison}]) for comparison in chance.sample(COMPARISONS, 2)
                ]
            },
            "queue": chance.choice(["A", "B", "Q"]),
        }
        for number in range(4)
    ]
    declared = [{"name": "Topic", "type": "text"}, {"name": "Age", "type": "number"}]
    document = {"id": "W", "mode": "push", "fallbackQueue": "Q", "contextVariables": declared, "rules": rules}
    return validate(STREAM, document, InvalidConfiguration)


STREAM = TypeAdapter(WorkStream)
COMPARISONS = [
    {"variable": "Topic", "operator": "equals", "value": "a"},
    {"variable": "Topic", "operator": "notEquals", "value": "a"},
    {"variable": "Topic", "operator": "contains", "value": "b"},
    {"variable": "Topic", "operator": "notContains", "value": "b"},
    {"variable": "Topic", "operator": "beginsWith", "value": "a"},
    {"variable": "Age", "operator": "greaterThan", "value": 1},
    {"variable": "Age", "operator": "lessThan", "value": 2},
    {"variable": "Age", "operator": "in", "value": [1, "a"]},
    {"variable": "Topic", "operator": "hasData"},
    {"variable": "Age", "operator": "hasNoData"},
]

CAPACITIES = st.integers(0, 5)
MEMBERS = st.lists(
    st.builds(Member, bot=st.sampled_from(["b1", "b2", "b3"]), capacity=CAPACITIES)
    | st.builds(Member, agent=st.sampled_from(["ana", "ben"]), capacity=CAPACITIES),
    max_size=6,
)


@given(MEMBERS, st.sets(st.sampled_from(["b1", "b2", "b3"])))
def test_candidates_are_everybody_who_may_in_order_of_capacity(members: list[Member], escalated: set[str]) -> None:
    # given any queue, and any bots that escalated
    candidates = Queue(id="A", members=tuple(members)).candidates(escalated)
    # then nobody is left out but those bots
    willing = [member for member in members if member.agent is not None or member.bot not in escalated]
    assert sorted(map(repr, candidates)) == sorted(map(repr, willing))
    # and nobody comes after somebody with less capacity, nor a human after a bot with the same
    for earlier, later in pairwise(candidates):
        assert earlier.capacity >= later.capacity
        assert earlier.capacity > later.capacity or earlier.bot is None or later.bot is not None
