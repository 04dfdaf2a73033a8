"""Traces made of stored decisions: they are those of the moment of deciding, whatever was left to the facts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversations.documents import read_decision, write_decision
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.traces import traced_decisions
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.routing.condition import Condition
from shared.routing.context_variable import Assignment
from shared.routing.decide import LONGEST_COPIED, REVISION
from shared.routing.decision import Decision
from shared.routing.explain import explain
from shared.routing.trace import Trace, TracedDecision, trace
from shared.tenants.configuration import Configuration
from shared.tenants.history import History
from tests.bench.deciding import compiled_rules, decided
from tests.builders import (
    contoso,
    document,
    ended,
    escalated,
    fact_of,
    history,
    json_values,
    message,
    small,
    small_document,
    started,
)
from tests.routing.generated import conditions

Traced = Callable[[Iterable[Decision], Iterable[Fact], History], Sequence[TracedDecision]]
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
BOTS = ["b1", "b2"]
NAMES = ["Topic", "Reason", "Age"]
T7, T8 = "2026-10-05T10:07:00Z", "2026-10-05T10:08:00Z"
LONG = "a" * (LONGEST_COPIED + 1)


def configuration(*rules: tuple[dict[str, Any], str], variables: Sequence[str] = NAMES) -> Configuration:
    """Rules R0, R1, … to the queues Bots, Mixed, People and Q (of nobody), over texts and the number Age."""
    [stream] = small_document()["workStreams"]
    bots = [{"bot": bot, "capacity": capacity} for capacity, bot in enumerate(BOTS, 1)]
    person = {"agent": "ana", "capacity": 1}
    return small(
        bots=[{"id": bot, "name": bot} for bot in BOTS],
        agents=[{"id": "ana", "name": "Ana"}],
        queues=[
            {"id": "Bots", "members": bots},
            {"id": "Mixed", "members": [person, *bots]},
            {"id": "People", "members": [person]},
            {"id": "Q"},
        ],
        work_streams=[
            {
                **stream,
                "contextVariables": [{"name": n, "type": "number" if n == "Age" else "text"} for n in variables],
                "rules": [{"name": f"R{n}", "when": when, "queue": queue} for n, (when, queue) in enumerate(rules)],
            }
        ],
    )


def facts_of(*given: Mapping[str, Any]) -> list[Fact]:
    """A start and escalations by one bot after the other, each with values for variables."""
    first, *later = given
    events: list[Event] = [started(at="2026-10-05T10:00:00Z", context_variables=first)]
    events += [
        escalated(at=f"2026-10-05T10:0{n}:00Z", context_variables=values, bot_id=bot)
        for n, (values, bot) in enumerate(zip(later, BOTS, strict=False), 1)
    ]
    return [fact_of(event, NOW) for event in events]


def stored(facts: Sequence[Fact], versions: History) -> list[Decision]:
    """The decisions of a conversation as they come back from a store."""
    return [read_decision(write_decision(one)) for one in fold("small", "c1", facts, versions).decisions]


def explained(facts: Sequence[Fact], versions: History, decision: Decision) -> list[str]:
    return explain(traced_decisions([decision], facts, versions)[0])


def expected(facts: Sequence[Fact], versions: History, decisions: Sequence[Decision]) -> list[Trace]:
    """The traces made of every value that was given before each decision, whole and whether a rule reads it or not."""
    rules = versions.latest.rules["W"]
    traces, known = [], dict[str, Assignment]()
    for fact, setter, decision in zip(facts, ["the channel", "bot b1", "bot b2"], decisions, strict=False):
        values: Mapping[str, Any] = fact.event.model_dump()["data"]["context_variables"]
        for name, value in values.items():
            known[name] = Assignment(name=name, value=value, at=fact.event.time, fact_id=fact.id, set_by=setter)
        traces.append(trace(decision, rules, known))
    return traces


TEXTS = st.sampled_from(["a", "b", "ab", "a" * LONGEST_COPIED, LONG, "a" * 4000])
VALUES = TEXTS | st.integers(-2, 2) | st.just("") | st.sampled_from([10**LONGEST_COPIED, "a" * 4001]) | json_values(3)
GIVEN = st.dictionaries(st.sampled_from([*NAMES, "topic"]), VALUES)
RULES = st.lists(
    st.tuples(conditions(st.sampled_from(NAMES), TEXTS), st.sampled_from(["Bots", "Mixed", "People", "Q"])), max_size=5
)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(RULES, st.lists(GIVEN, min_size=1, max_size=2))
def test_a_stored_decision_gives_the_trace_of_the_moment_at_which_it_was_made(
    rules: list[tuple[Condition, str]], values: list[dict[str, Any]]
) -> None:
    check_stored_decisions(rules, values)


def check_stored_decisions(
    rules: Sequence[tuple[Condition, str]], values: Sequence[Mapping[str, Any]], traced: Traced = traced_decisions
) -> None:
    # given a conversation that any rules decide, over values of any type and length
    documents = ((when.model_dump(mode="json", by_alias=True, exclude_unset=True), queue) for when, queue in rules)
    facts, versions = facts_of(*values), history(configuration(*documents))
    decisions = [decision for decision in stored(facts, versions) if decision.outcome == "routed"]
    assert decisions
    # when its stored decisions are traced
    traces = [one.trace for one in traced(decisions, facts, versions)]
    # then each trace leads where the decision does, and is the one made of all that was known
    assert [one.missing for one in traces] == [None] * len(decisions)
    assert traces == expected(facts, versions, decisions)


def test_a_long_value_stays_in_its_fact_and_is_shown_whole() -> None:
    # given a rule for a long text, and one text that is just short enough to be copied
    rule = ({"variable": "Topic", "operator": "equals", "value": LONG}, "People")
    versions = history(configuration(rule, ({"variable": "Reason", "operator": "hasData"}, "Q")))
    facts = facts_of({"Topic": LONG, "Reason": "b" * LONGEST_COPIED})
    # when the decision is stored, then it names the fact that has the long one
    [decision] = stored(facts, versions)
    [given] = decision.variables
    assert (given.fact_id, given.long, given.values) == (facts[0].id, ("Topic",), {"Reason": "b" * LONGEST_COPIED})
    # and the sentences show it
    assert f'Topic equals "{LONG}"' in explained(facts, versions, decision)[2]


def test_without_what_it_was_made_from_a_decision_is_shown_without_its_rules() -> None:
    # given a decision over a long value
    versions = history(configuration(({"variable": "Topic", "operator": "hasData"}, "People")))
    facts = facts_of({"Topic": LONG})
    [decision] = stored(facts, versions)
    # when the fact is not kept any more, or the version is not known
    unknown = decision.model_copy(update={"configuration_version": 2})
    for sentences, number in ((explained([], versions, decision), 1), (explained(facts, versions, unknown), 2)):
        # then the outcome is told, and why the rules are not
        rules = f"What became of the rules of work stream W (configuration version {number}) is not shown"
        assert sentences == [
            "At 2026-10-05T10:00:00Z the conversation started.",
            f"{rules}: what it was made from is not kept any more.",
            "By rule R0 the conversation went to queue People.",
            "It is open there until a human takes it.",
        ]


CARD = {"BotHandoffTopic": "CreditCard"}
ESCALATED = "At 2026-10-05T10:05:00Z bot contoso-bot escalated."
LATER: list[tuple[list[Event], list[str]]] = [
    ([], ["It is open there until a human takes it."]),
    ([message(at=T7)], ["It is open there until a human takes it."]),
    ([message(at=T7, role="agent", visibility="private")], ["It is open there until a human takes it."]),
    (
        [message(at=T7, role="agent")],
        [f"It was open there until agent ana answered at {T7}.", "Agent ana has it, who was the last to answer."],
    ),
    (
        [message(at=T7, role="agent"), message(at=T8, event_id="m2", role="agent", author_id="ben")],
        [f"It was open there until agent ana answered at {T7}.", "Agent ben has it, who was the last to answer."],
    ),
    (
        [ended(at=T8)],
        [f"It was open there until it ended at {T8}.", f"The customer ended it at {T8} (resolved)."],
    ),
    (
        [message(at=T7, role="agent"), ended(at=T8, ended_by="agent", note="done")],
        [
            f"It was open there until agent ana answered at {T7}.",
            f'The agent ended it at {T8} (resolved), with the note "done".',
        ],
    ),
    (
        [ended(at=T7), message(at=T8, role="agent")],
        [f"It was open there until it ended at {T7}.", f"The customer ended it at {T7} (resolved)."],
    ),
]


@pytest.mark.parametrize(("later", "sentences"), LATER)
def test_the_explanation_says_who_has_the_conversation_or_by_whom_it_ended(
    later: list[Event], sentences: list[str]
) -> None:
    # given a conversation that a bot escalated to a queue of people, and what followed
    events = [started(), escalated(at="2026-10-05T10:05:00Z", context_variables=CARD), *later]
    told = told_of(events)
    # then the last decision says until when it waited there, and who has it or who ended it
    assert told[-1][0] == ESCALATED
    assert told[-1][-len(sentences) :] == sentences
    # and the decision before it does not
    assert told[0][-1] == "Bot contoso-bot took it, because its capacity of 100 is the highest there."


@pytest.mark.parametrize(("later", "sentences"), LATER)
def test_so_does_that_of_people_who_took_over_from_a_silent_bot(later: list[Event], sentences: list[str]) -> None:
    data = {"botId": "contoso-bot", "messageId": "m0", "queue": "GeneralQueue"}
    failed_over = event_from(document("bot.failedOver", data, at="2026-10-05T10:05:00Z"))
    told = told_of([started(), failed_over, *later])[-1]
    assert (
        told[-len(sentences) - 1] == "So the conversation went to queue GeneralQueue, which takes over from this bot."
    )
    assert told[-len(sentences) :] == sentences


def test_a_decision_that_another_followed_says_until_when_the_conversation_waited() -> None:
    # given a conversation that waited in one queue, and was sent to another one
    other = escalated(at=T7, event_id="e2", context_variables={"BotHandoffTopic": "HomeLoan"})
    told = told_of([started(context_variables=CARD), other])
    # then the earlier decision says so, and only the later one that somebody is waited for
    assert told[0][-1] == f"It was open there until it was routed anew at {T7}."
    assert told[1][-1] == "It is open there until a human takes it."


def told_of(events: Sequence[Event]) -> list[list[str]]:
    """The sentences about each decision of a conversation with these events."""
    facts, versions = [fact_of(event, NOW) for event in events], history(contoso())
    return [explain(one) for one in traced_decisions(fold("contoso", "c1", facts, versions).decisions, facts, versions)]


@pytest.mark.parametrize("queue", ["People", "Mixed"])
def test_a_decision_of_another_revision_is_traced_where_today_leads_to_the_same(queue: str) -> None:
    # given a decision of an earlier revision, which led where today's rules lead, or elsewhere
    versions = history(configuration(({"variable": "Topic", "operator": "hasData"}, "People")))
    facts = facts_of({"Topic": "a"})
    decision = stored(facts, versions)[0].model_copy(update={"revision": 0, "queue": queue})
    # when it is shown
    [traced] = traced_decisions([decision], facts, versions)
    # then the rules are, unless they would show what did not happen
    told = traced.trace.missing, [rule.status for rule in traced.trace.rules], traced.document()["queue"]
    elsewhere = f"revision 0 of deciding made it, and revision {REVISION} leads elsewhere"
    assert told == ((None, ["applied"], "People") if queue == "People" else (elsewhere, [], "Mixed"))
    assert traced.document().get("missing") == traced.trace.missing


def test_the_size_of_a_decision_depends_on_no_rule() -> None:
    # given 20 rules of 4 conditions over as many variables as a bot gives
    rules, variables = compiled_rules(20)
    # when it is decided, then the decision takes at most 2 KB, however many rules there are
    decision = decided(rules, variables)
    assert len(write_decision(decision).encode()) <= 2048
    fewer = replace(rules, rules=rules.rules[-1:])
    assert decided(fewer, variables) == decision


def test_500_variables_with_the_longest_texts_are_a_decision_of_at_most_200_kb() -> None:
    # given 500 variables with texts that just fit, each set by the start and half of them again by an escalation
    names = [f"Variable {number} ".ljust(100, "x") for number in range(500)]
    equal = [{"variable": name, "operator": "equals", "value": "a"} for name in names]
    rules = [({"any": equal[first : first + 10]}, "People") for first in range(0, 500, 10)]
    versions = history(configuration(*rules, variables=names))
    facts = facts_of(dict.fromkeys(names, "é" * 250), dict.fromkeys(names[::2], "b" * 250))
    # when it is decided, then no text is copied
    decisions = stored(facts, versions)
    assert max(len(write_decision(decision).encode()) for decision in decisions) <= 200_000
    # and the trace shows each
    for one in traced_decisions(decisions, facts, versions):
        conditions = [rule.condition for rule in one.trace.rules if rule.condition]
        assert [len(part.saw.value) for each in conditions for part in each.parts if part.saw] == [250] * 500
