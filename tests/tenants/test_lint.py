"""The linter: what it finds and where, what it leaves alone, and that it never says more than is true."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidConfiguration
from shared.near_miss import did_you_mean, typo_between
from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition import AllOf, Comparison, Condition, Not
from shared.routing.condition_trace import evaluate
from shared.routing.context_variable import Unusable, Value, VariableType, seen_value
from shared.routing.decide import decide
from shared.routing.decision import Cause
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration
from shared.tenants.finding import FindingCode
from shared.tenants.lint import lint
from shared.tenants.reachability import ConditionAnalyzer
from tests.builders import CONTOSO, EXAMPLES, given_value, small_document
from tests.functions.hosts import hosted
from tests.routing.generated import comparisons, conditions

TYPES: dict[str, VariableType] = {"Topic": "text", "Place": "text", "Age": "number"}
QUEUES: list[dict[str, Any]] = [
    {"id": "Humans", "members": [{"agent": "ana", "capacity": 2}]},
    {"id": "Bots", "members": [{"bot": "b1", "capacity": 9}]},
    {"id": "OtherBots", "members": [{"bot": "b1", "capacity": 9}, {"bot": "b2", "capacity": 9}]},
    {"id": "Mixed", "members": [{"bot": "b1", "capacity": 9}, {"agent": "ana", "capacity": 2}]},
    {"id": "Nobody"},
]


def configuration(*rules: Any, queues: Any = (), **stream: Any) -> Configuration:
    """One work stream W with these rules (a condition, or a condition and a queue), called R0, R1 and so on."""
    pairs = [rule if isinstance(rule, tuple) else (rule, "Humans") for rule in rules]
    usual = {
        "id": "W",
        "mode": "push",
        "fallbackQueue": "Humans",
        "contextVariables": [{"name": name, "type": kind} for name, kind in TYPES.items()],
        "rules": [{"name": f"R{n}", "when": when, "queue": queue} for n, (when, queue) in enumerate(pairs)],
        "inactivity": {"bot": {"closeAfter": 900}},
    }
    written = {
        "tenantId": "small",
        "defaultWorkStream": "W",
        "bots": [{"id": "b1", "name": "B1"}, {"id": "b2", "name": "B2"}],
        "agents": [{"id": "ana", "name": "Ana"}],
        "queues": [*({queue["id"]: queue for queue in [*QUEUES, *queues]}.values())],
        "workStreams": [{name: value for name, value in {**usual, **stream}.items() if value is not None}],
    }
    return decode_configuration("small", json.dumps(written).encode())


def found(checked: Configuration) -> list[tuple[str, str]]:
    findings = lint(checked)
    assert all(finding.detail and "\n" not in finding.detail for finding in findings)
    return [(finding.code, finding.path) for finding in findings]


def topic(operator: str, value: Any = None) -> dict[str, Any]:
    return {"variable": "Topic", "operator": operator} | ({} if value is None else {"value": value})


def age(operator: str, value: Any = None) -> dict[str, Any]:
    return {**topic(operator, value), "variable": "Age"}


NO_DATA, HAS_DATA = topic("hasNoData"), topic("hasData")
ADULT, CHILD = age("greaterThan", 17), age("lessThan", 18)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_there_is_nothing_to_say_about_the_examples(path: Path) -> None:
    # given an example, when it is linted, then nothing is found
    assert lint(decode_configuration(path.stem, path.read_bytes())) == []


@pytest.mark.parametrize(
    "when",
    [
        {"all": [topic("equals", "A"), topic("equals", "B")]},
        {"all": [HAS_DATA, NO_DATA]},
        {"all": [topic("equals", "A"), NO_DATA]},
        {"all": [age("greaterThan", 5), age("lessThan", 3)]},
        {"all": [age("greaterThan", 5), age("lessThan", 6)]},
        {"all": [topic("in", ["A", "B"]), topic("in", ["C", "D"])]},
        {"all": [topic("in", ["A", "B"]), topic("notEquals", "A"), {"not": topic("equals", "B")}]},
        {"all": [topic("beginsWith", "Card"), topic("beginsWith", "Loan")]},
        {"all": [topic("beginsWith", "Card"), topic("notContains", "ar")]},
        {"all": [topic("contains", "Card"), {"not": topic("contains", "Car")}]},
        {"all": [topic("equals", "Loan"), topic("contains", "Card")]},
        {"all": [ADULT, {"any": [CHILD, {"all": [topic("equals", "A"), NO_DATA]}]}]},
        {"not": {"any": [HAS_DATA, NO_DATA]}},
        topic("equals", ""),
    ],
)
def test_a_rule_that_can_never_hold_is_found(when: Any) -> None:
    # given a rule that contradicts itself, and after it one that does not
    # when they are linted, then it is found, and does not count as one that holds before the other
    assert found(configuration(when, HAS_DATA)) == [("rule_unreachable", "workStreams[0].rules[0].when")]


@pytest.mark.parametrize(
    "when",
    [
        {"all": [topic("equals", "A"), {**topic("equals", "B"), "variable": "Place"}]},
        {"any": [topic("equals", "A"), topic("equals", "B")]},
        {"all": [age("greaterThan", 5), age("lessThan", 7)]},
        {"all": [topic("in", ["A", "B"]), topic("in", ["B", "C"])]},
        {"all": [topic("beginsWith", "Card"), topic("beginsWith", "Cards"), topic("notContains", "ss")]},
        {"all": [topic("contains", "Card"), topic("contains", "Loan"), {"not": topic("beginsWith", "Card")}]},
        {"all": [{"not": ADULT}, {"not": CHILD}]},
        {"all": [topic("notEquals", "A"), topic("notContains", "B"), NO_DATA]},
    ],
)
def test_a_rule_that_can_hold_is_left_alone(when: Any) -> None:
    # given a rule that looks like a contradiction and is none
    # when it is linted, then nothing is found
    assert found(configuration(when)) == []


SHADOWS: list[tuple[Any, Any]] = [
    (topic("equals", "A"), topic("equals", "A")),
    (topic("equals", "A"), {"all": [topic("equals", "A"), ADULT]}),
    (HAS_DATA, topic("equals", "A")),
    (HAS_DATA, topic("in", ["A", "B"])),
    (HAS_DATA, topic("contains", "A")),
    (HAS_DATA, topic("beginsWith", "A")),
    (age("hasData"), ADULT),
    (topic("in", ["A", "B", "C"]), topic("in", ["C", "A"])),
    (topic("in", ["A", "B", "C"]), topic("equals", "B")),
    (topic("contains", "A"), topic("beginsWith", "CAB")),
    (age("greaterThan", 17), age("greaterThan", 20)),
    (age("lessThan", 20), age("lessThan", 18)),
    (age("greaterThan", 17), age("equals", 18)),
    (topic("notEquals", "A"), topic("equals", "B")),
    ({"any": [HAS_DATA, NO_DATA]}, topic("equals", "A")),
    ({"any": [topic("equals", "A"), ADULT]}, {"all": [NO_DATA, ADULT]}),
]


@pytest.mark.parametrize(("earlier", "later"), SHADOWS)
def test_a_rule_after_one_that_holds_whenever_it_does_is_found(earlier: Any, later: Any) -> None:
    # given two rules, of which the earlier leaves the later nothing
    # when they are linted, then the later is found
    assert found(configuration(earlier, later)) == [("rule_shadowed", "workStreams[0].rules[1]")]
    # and the finding names the earlier
    assert "'R0'" in lint(configuration(earlier, later))[0].detail


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(later, earlier) for earlier, later in SHADOWS if earlier != later]
    + [
        (NO_DATA, topic("equals", "A")),
        (topic("in", ["A", "B"]), topic("in", ["B", "C"])),
        (ADULT, age("greaterThan", 16)),
        (HAS_DATA, topic("notEquals", "A")),
        (HAS_DATA, topic("notContains", "A")),
        (topic("beginsWith", "A"), topic("contains", "A")),
        (topic("equals", "A"), {"any": [topic("equals", "A"), ADULT]}),
        (age("hasData"), {"not": CHILD}),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_something_is_left_alone(earlier: Any, later: Any) -> None:
    # given two rules, of which the later holds also where the earlier does not
    # when they are linted, then nothing is found
    assert found(configuration(earlier, later)) == []


@pytest.mark.parametrize(
    ("earlier", "later", "shadowed"),
    [
        ("Humans", "Humans", True),
        ("Humans", "Bots", True),
        ("Mixed", "Humans", True),
        ("Bots", "Bots", True),
        ("OtherBots", "Bots", True),
        ("Bots", "Humans", False),
        ("Bots", "Mixed", False),
        ("Bots", "OtherBots", False),
    ],
)
def test_a_rule_that_leads_to_bots_is_passed_over_once_they_gave_up(earlier: str, later: str, shadowed: bool) -> None:
    # given two rules with the same condition, such as a way to a bot and a way from it to people
    checked = configuration((NO_DATA, earlier), (NO_DATA, later))
    # when they are linted, then the later is found only if it gets no conversation that the earlier's bots gave up
    assert found(checked) == ([("rule_shadowed", "workStreams[0].rules[1]")] if shadowed else [])


@pytest.mark.parametrize(
    ("when", "path"),
    [
        (age("equals", "18"), ".value"),
        (age("notEquals", "18"), ".value"),
        (age("in", [18, "19"]), ".value[1]"),
        (age("contains", "1"), ".operator"),
        (age("notContains", "1"), ".operator"),
        (age("beginsWith", "1"), ".operator"),
        (topic("equals", 18), ".value"),
        (topic("in", ["A", 18]), ".value[1]"),
        (topic("greaterThan", 5), ".operator"),
        (topic("lessThan", 5), ".operator"),
    ],
)
def test_a_number_that_meets_a_text_is_found(when: Any, path: str) -> None:
    # given a comparison of a number with a text, alone and deep in a condition
    # when it is linted, then its value or its operator is found, and nothing else
    assert found(configuration(when)) == [("number_against_text", f"workStreams[0].rules[0].when{path}")]
    nested = {"all": [HAS_DATA, {"not": {"any": [when]}}]}
    place = "workStreams[0].rules[0].when.all[1].not.any[0]"
    assert found(configuration(nested)) == [("number_against_text", f"{place}{path}")]


def test_numbers_and_texts_apart_are_left_alone() -> None:
    # given comparisons with values of the declared type, texts of digits among them
    rules = [age("equals", 18), age("in", [21, 19]), topic("equals", "18"), topic("contains", "5"), ADULT]
    # when they are linted, then nothing is found
    assert found(configuration(*rules)) == []


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("CreditCard", "CreditCar", "only in one character"),
        ("CreditCard", "CreditCarx", "only in one character"),
        ("CreditCard", "creditcard", "only in upper and lower case"),
        ("Card", "card", "only in upper and lower case"),
        ("CreditCard", "CerditCard", "only in two characters that changed places"),
        ("CreditCard", "DebitCard", None),
        ("Chat", "Chta", "only in two characters that changed places"),
        ("open", "opne", "only in two characters that changed places"),
        ("Cat", "Car", None),
        ("Cat", "Cta", None),
        ("Card", "Cart", None),
        ("Card", "Cadrs", None),
        ("V 12", "V 21", None),
        ("Tariff1", "Tariff2", None),
        ("Tariff1", "Tariff12", None),
        ("Tariff12", "Tariff21", None),
        ("CreditCard", "Mortgage", None),
    ],
)
def test_a_value_that_looks_like_another_rules_is_found(one: str, other: str, how: str | None) -> None:
    # given two rules that name such values
    assert (typo_between(one, other), typo_between(other, one)) == (how, how)
    checked = configuration(topic("equals", one), topic("in", ["Elsewhere", other]))
    # when they are linted, then the later value is found if it may be a typo_between, and the earlier rule is named
    assert found(checked) == ([("variable_near_miss", "workStreams[0].rules[1].when.value[1]")] if how else [])
    assert all("'R0'" in finding.detail for finding in lint(checked))


@pytest.mark.parametrize(
    "rules",
    [
        (topic("in", ["Card", "card"]), {"all": [topic("equals", "card"), ADULT]}),
        (topic("equals", "Berlin"), {**topic("equals", "berlin"), "variable": "Place"}),
        (topic("contains", "Cards"), topic("beginsWith", "cards")),
    ],
)
def test_values_that_are_meant_to_differ_are_left_alone(rules: Any) -> None:
    # given a rule that names both spellings, two variables, or parts of values
    # when they are linted, then no value is found
    assert [code for code, _ in found(configuration(*rules)) if code == "variable_near_miss"] == []


@pytest.mark.parametrize(
    ("rules", "changes", "expected"),
    [
        ([], {"fallbackQueue": "Bots"}, ("no_way_to_a_human", "workStreams[0].fallbackQueue")),
        ([], {"fallbackQueue": "Mixed"}, None),
        ([(NO_DATA, "Bots")], {}, None),
        ([(NO_DATA, "Nobody")], {}, ("empty_queue", "queues[4].members")),
        ([], {"fallbackQueue": "Nobody"}, ("empty_queue", "queues[4].members")),
        ([(NO_DATA, "Bots")], {"mode": "pick"}, ("escalation_from_pick", "workStreams[0].mode")),
        ([], {"mode": "pick"}, None),
        ([(NO_DATA, "Bots")], {"inactivity": None}, ("no_inactivity_policy", "workStreams[0].inactivity.bot")),
        ([(NO_DATA, "Humans")], {"inactivity": None}, None),
        ([age("equals", n) for n in range(100)], {}, None),
        ([age("equals", n) for n in range(101)], {}, ("too_many_rules", "workStreams[0].rules")),
    ],
)
def test_what_a_work_stream_leads_to_is_judged(
    rules: list[Any], changes: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    # given a work stream with one flaw, or its sound counterpart
    # when it is linted, then exactly the flaw is found
    assert found(configuration(*rules, **changes)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("bot", "agent", "expected"),
    [
        (3, 2, []),
        (2, 2, [("bot_not_first", "queues[5].members[1].capacity")]),
        (1, 2, [("bot_not_first", "queues[5].members[1].capacity")]),
    ],
)
def test_a_bot_that_a_human_comes_before_is_found(bot: int, agent: int, expected: list[Any]) -> None:
    # given a queue with an agent and a bot
    queue = {"id": "New", "members": [{"agent": "ana", "capacity": agent}, {"bot": "b1", "capacity": bot}]}
    # when it is linted, then the bot is found unless its capacity is higher
    assert found(configuration(queues=[queue])) == expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [("topic", "; did you mean 'Topic'?"), ("Topics", "; did you mean 'Topic'?"), ("Colour", "")],
)
def test_an_unknown_variable_is_refused_with_the_one_that_may_be_meant(name: str, hint: str) -> None:
    # given a rule on a variable that is not declared
    with pytest.raises(InvalidConfiguration) as refusal:
        configuration({"all": [{**HAS_DATA, "variable": name}]})
    # then the refusal names the declared one that is like it, if there is one
    [mistake] = refusal.value.mistakes
    assert mistake.path == "workStreams[0].rules[0].when.all[0].variable"
    assert mistake.reason == f"no context variable {name!r} is declared{hint}"
    assert did_you_mean(name, []) == ""
    # and of two that differ in case alone the first
    assert did_you_mean("Topc", ["Topic", "topic"]) == "; did you mean 'Topic'?"
    # and of short ones the one with two letters that changed places
    assert did_you_mean("Chta", ["Cat", "Chat"]) == "; did you mean 'Chat'?"
    assert did_you_mean("opne", ["open", "closed"]) == "; did you mean 'open'?"
    assert did_you_mean("Cart", ["Card"]) == ""


def test_a_work_stream_without_a_fallback_is_refused() -> None:
    # given a work stream that names no fallback queue
    with pytest.raises(InvalidConfiguration) as refusal:
        configuration(fallbackQueue=None)
    # then the refusal says so
    assert str(refusal.value) == "workStreams[0].fallbackQueue: is missing"


def test_names_that_differ_only_in_case_are_found() -> None:
    # given two names of each kind that differ only in upper and lower case
    stream = small_document()["workStreams"][0]
    variables = [{"name": name, "type": "text"} for name in ("Topic", "topic")]
    when = {"variable": "Topic", "operator": "hasData"}
    channels = [{"id": name, "workStream": "W"} for name in ("web", "Web")]
    document = small_document(
        bots=[{"id": name, "name": name} for name in ("bot", "Bot", "ana")],
        agents=[{"id": name, "name": name} for name in ("Ana", "ben", "Ben")],
        queues=[{"id": name} for name in ("Q", "q")],
        workStreams=[
            {**stream, "contextVariables": variables, "rules": [{"name": n, "when": when, "queue": "Q"} for n in "rR"]},
            {**stream, "id": "w", "contextVariables": variables[:1], "rules": []},
        ],
        accounts=[{"id": name, "dialect": "telegram", "channels": channels} for name in ("a", "A")],
    )
    # when they are linted, then the later one of each is found
    checked = decode_configuration("small", json.dumps(document).encode())
    assert [one.path for one in lint(checked) if one.code == "names_differ_in_case"] == [
        "bots[1].id", "agents[0].id", "agents[2].id", "queues[1].id", "workStreams[1].id",
        "workStreams[0].contextVariables[1].name", "workStreams[0].rules[1].name", "accounts[1].id",
        "accounts[0].channels[1].id", "accounts[1].channels[1].id",
    ]  # fmt: skip


async def test_a_mode_or_a_dialect_that_changes_is_told_with_the_answer_to_the_put(tmp_path: Path) -> None:
    # given a push work stream and an account of Telegram
    [stream] = small_document()["workStreams"]
    account = {"id": "a", "dialect": "telegram", "channels": [{"id": "c", "workStream": "W"}]}
    async with hosted(tmp_path) as host:
        url = "/api/tenants/small/configuration"
        first = await host.client.put(url, json=small_document(accounts=[account]))
        # when the next version makes it a pick work stream and an account of activities, also if it is put again
        changed = small_document(
            accounts=[{**account, "dialect": "botFramework"}], workStreams=[{**stream, "mode": "pick"}]
        )
        answers = [await host.client.put(url, json=changed) for _ in range(2)]
        # and the one after that changes something else
        later = await host.client.put(url, json={**changed, "retentionDays": 90})
    # then both changes are found by their paths, and only where they are made
    about = ("mode_changed", "dialect_changed")
    found = [
        [(one["code"], one["path"]) for one in answer.json()["findings"] if one["code"] in about]
        for answer in (first, *answers, later)
    ]
    changes = [("mode_changed", "workStreams[0].mode"), ("dialect_changed", "accounts[0].dialect")]
    assert found == [[], changes, changes, []]


async def test_a_finding_about_yaml_has_its_line_and_column(tmp_path: Path) -> None:
    # given a configuration in YAML with a queue of nobody
    text = (EXAMPLES / "contoso.yaml").read_text(encoding="utf-8")
    spoilt = text.replace("{id: HomeLoanQueue, members: [{agent: ben, capacity: 2}]}", "{id: HomeLoanQueue}")
    async with hosted(tmp_path) as host:
        answer = await host.client.put("/api/tenants/contoso/configuration", content=spoilt)
    # when it is put, then the finding says where it stands
    [finding] = answer.json()["findings"]
    line = next(n for n, each in enumerate(spoilt.splitlines(), 1) if "{id: HomeLoanQueue}" in each)
    assert (finding["code"], finding["line"], finding["column"]) == ("empty_queue", line, 5)


def test_every_code_stands_in_the_document_and_nothing_else_does() -> None:
    # given the codes of findings
    document = (EXAMPLES.parent / "docs/errors.md").read_text(encoding="utf-8")
    # when the table is read, then it has exactly these
    table = document.partition("\n## Findings of the linter\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == sorted(get_args(FindingCode))


TEXTS = st.text("ab", max_size=2)
NAMES = st.sampled_from(sorted(TYPES))
CONDITIONS = conditions(NAMES, TEXTS)
LONGER = st.text("abc", max_size=5)
UNUSABLE: st.SearchStrategy[object] = st.sampled_from([None, True, 0.5, []])
VALUES = st.fixed_dictionaries(
    {}, optional={"Topic": LONGER | UNUSABLE, "Place": LONGER | UNUSABLE, "Age": st.integers(-4, 4) | UNUSABLE}
).map(lambda values: {name: given_value(name, value)[name] for name, value in values.items()})
MANY_VALUES = st.lists(VALUES, min_size=15, max_size=15)


@settings(max_examples=500)
@given(CONDITIONS, CONDITIONS, MANY_VALUES)
def test_what_is_proved_of_conditions_holds_for_all_values(
    condition: Condition, other: Condition, known: list[dict[str, Any]]
) -> None:
    # given two conditions, and values, of which some cannot be used
    never = ConditionAnalyzer().never_holds(condition, TYPES)
    implied = ConditionAnalyzer().implies(condition, other, TYPES)
    # when one is said to hold never, or never without the other, then it is so
    for variables in known:
        holds = evaluate(condition, seen(variables)).result
        assert not (never and holds)
        assert not (implied and holds and not evaluate(other, seen(variables)).result)


def seen(variables: dict[str, Any]) -> dict[str, Value | Unusable | None]:
    given = {name: seen_value(one.value, TYPES[name]) for name, one in variables.items()}
    return {**dict.fromkeys(TYPES), **given}


def test_a_rule_shadows_no_other_whose_unusable_value_leaves_it_unknown() -> None:
    # given a rule that holds whatever the age is, unless it cannot be used, and a rule behind it
    young = {"variable": "Age", "operator": "lessThan", "value": 18}
    either_way = configuration({"any": [young, {"not": young}]}, topic("equals", "Loan"))
    # when they are linted, then the latter can be reached, by a text in place of the age
    assert found(either_way) == []
    # and a rule that asks for the same is shadowed, as its value can be used
    assert found(configuration(young, {"all": [young, topic("equals", "Loan")]})) == [
        ("rule_shadowed", "workStreams[0].rules[1]")
    ]


PIECES = ["", "a", "b", "aa", "ab", "ba", "bb"]
EVERY_WAY = [*PIECES, *(f"{one}c{two}c{three}" for one in PIECES for two in PIECES for three in PIECES)]
"""Texts that meet any three comparisons with pieces that can be met: `c` keeps the pieces apart."""
DEMANDS = comparisons(NAMES, TEXTS).map(lambda leaf: leaf.model_copy(update={"variable": "Topic"}))


@settings(max_examples=300)
@given(st.lists(DEMANDS | st.builds(Not, negated=DEMANDS), min_size=1, max_size=3).map(tuple))
def test_of_plain_comparisons_every_contradiction_is_found(parts: tuple[Condition, ...]) -> None:
    # given comparisons of one text, short and few enough to try every way to meet them
    condition = AllOf(all=parts)
    # when no value meets them, then that is proved, and only then
    possible = any(evaluate(condition, {"Topic": value or None}).result for value in EVERY_WAY)
    assert ConditionAnalyzer().never_holds(condition, TYPES) is not possible


IDS = st.sampled_from([queue["id"] for queue in QUEUES])


@settings(max_examples=300)
@given(
    st.lists(st.tuples(CONDITIONS, IDS), min_size=2, max_size=4),
    MANY_VALUES,
    st.sets(st.sampled_from(["b1", "b2"])),
)
@example([(Comparison(variable="Topic", operator="hasNoData"), "Bots")] * 2, [{}] * 15, {"b1"})
def test_a_rule_that_is_called_unreachable_or_shadowed_is_never_applied(
    rules: list[tuple[Condition, str]], known: list[dict[str, Any]], escalated: set[str]
) -> None:
    # given rules of which some are found
    checked = configuration(*((json.loads(when.to_json()), queue) for when, queue in rules))
    paths = [path for code, path in found(checked) if code in ("rule_unreachable", "rule_shadowed")]
    dead = {f"R{path.removeprefix('workStreams[0].rules[')[0]}" for path in paths}
    # when a conversation is routed, whatever is known and whichever bots gave it up, then none of them is applied
    cause = Cause(fact_id="f", type="bot.escalated", at="2026-10-05T10:00:00Z")
    compiled = CompiledRules.of(checked.work_streams[0], checked.queues)
    for variables in known:
        decision = decide(cause, compiled, variables, escalated, 1)
        assert decision.rule not in dead


def test_what_would_take_too_long_to_prove_is_not_claimed() -> None:
    # given a contradiction of a million alternatives, and many long rules that differ little
    wide = {"all": [{"any": [topic("contains", f"{n}a"), topic("contains", f"{n}b")]} for n in range(20)]}
    rules = [topic("in", [f"value number {n}" for n in range(first, first + 50)]) for first in range(150)]
    # when they are linted, then that ends, and claims nothing of them
    assert found(configuration(*rules)) == [("too_many_rules", "workStreams[0].rules")]
    contradiction = AllOf.model_validate_json(json.dumps({"all": [wide, NO_DATA]}))
    assert not ConditionAnalyzer().never_holds(contradiction, TYPES)
    # and a prover whose steps are used up claims nothing either
    plain = Comparison(variable="Age", operator="equals", value=18)
    assert [ConditionAnalyzer(steps).implies(plain, plain, TYPES) for steps in (2, 100)] == [False, True]


async def test_a_put_answers_the_findings_of_what_it_stored(tmp_path: Path) -> None:
    # given a configuration with a flaw
    flawed = configuration(fallbackQueue="Bots")
    async with hosted(tmp_path) as host:
        # when it is put, and put again
        url = "/api/tenants/small/configuration"
        answers = [await host.client.put(url, content=flawed.to_json()) for _ in range(2)]
    # then it is taken, and both answers say what was found
    [finding] = lint(flawed)
    expected = {"code": "no_way_to_a_human", "path": "workStreams[0].fallbackQueue", "detail": finding.detail}
    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(200, 1)] * 2
    assert [answer.json()["findings"] for answer in answers] == [[expected]] * 2


@pytest.mark.parametrize("messages", ["{}", "{en: {close: Bye}}", "{de: {remind: Hallo?}}", "{english: {remind: Hi?}}"])
def test_a_reminder_without_a_text_for_most_customers_is_found(messages: str) -> None:
    # given a policy that reminds, without a text in the fallback locale
    said = 'messages: {en: {remind: "Are you still there?", close: "Goodbye."}}'
    text = CONTOSO.decode()
    assert said in text
    found = lint(decode_configuration("contoso", text.replace(said, f"messages: {messages}").encode()))
    # then it is told by its place
    places = [one.path for one in found if one.code == "reminder_never_sent"]
    assert places == ["workStreams[0].inactivity.bot.messages"]


def test_a_reminder_for_who_waits_and_a_fail_over_to_bots_are_found() -> None:
    # given a queue's policy that would remind, and a bot whose fail-over leads to a queue of bots
    text = CONTOSO.decode().replace("open: {closeAfter: 86400}", "open: {remindAfter: 60, closeAfter: 86400}")
    bot = "appId: 7d0cae1c-0000-4000-8000-000000000001"
    text = text.replace(f"{bot}}}", f"{bot}, failOver: {{after: 60, queue: BotQueue}}}}")
    # then both are told by their places
    found = {(one.code, one.path) for one in lint(decode_configuration("contoso", text.encode()))}
    assert ("reminder_never_sent", "workStreams[0].inactivity.open.remindAfter") in found
    assert ("no_way_to_a_human", "bots[0].failOver.queue") in found


@pytest.mark.parametrize(
    ("locale", "hint"),
    [
        ("english", "; did you mean 'en'?"),
        ("Deutsch", "; did you mean 'de'?"),
        ("en_US", "; did you mean 'en-US'?"),
        (" pt", "; did you mean 'pt'?"),
        ("suomi", ""),
        ("e", ""),
        ("en--US", "; did you mean 'en'?"),
        ("en-Unitedstates", "; did you mean 'en'?"),
    ],
)
def test_a_locale_that_no_customer_can_have_is_found(locale: str, hint: str) -> None:
    # Given messages in a locale that is written as no tag, beside those in German
    texts = {"remind": "?", "close": "!"}
    policy = {"closeAfter": 900, "messages": {"de": texts, locale: texts}}
    checked = configuration(inactivity={"bot": policy})
    # Then it is found, with what may be meant
    path = f"workStreams[0].inactivity.bot.messages.{locale}"
    assert found(checked) == [("locale_malformed", path)]
    assert [one.detail.partition("such as en or pt-BR")[2] for one in lint(checked)] == [hint]


@pytest.mark.parametrize(
    "locale", ["en", "EN-us", "zh-Hant-TW", "sr-Latn", "es-419", "de-CH-1996", "gsw", "x-own", "i-klingon"]
)
def test_a_locale_that_is_a_tag_is_left_alone(locale: str) -> None:
    texts = {"remind": "?", "close": "!"}
    assert found(configuration(inactivity={"bot": {"closeAfter": 900, "messages": {locale: texts}}})) == []


def test_a_fallback_locale_that_is_no_tag_is_found() -> None:
    checked = decode_configuration("contoso", CONTOSO.replace(b"tenantId:", b"fallbackLocale: english\ntenantId:", 1))
    assert ("locale_malformed", "fallbackLocale") in found(checked)
