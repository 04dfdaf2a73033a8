"""Conditions: what each operator means, and a trace that shows what it saw."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration
from shared.routing.compiled_condition import Seen, Test, compiled
from shared.routing.condition import AllOf, AnyOf, Condition, Not, comparisons, demanded
from shared.routing.condition_trace import ConditionTrace, evaluate
from shared.routing.context_variable import Unusable, Value, seen_value
from shared.wire import validate
from tests.builders import given_value
from tests.routing.generated import conditions

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def read(document: Any) -> Condition:
    return validate(CONDITION, document, InvalidConfiguration)


def result(operator: str, value: Any, seen: Value | Unusable | None) -> bool | None:
    document = {"variable": "X", "operator": operator}
    return evaluate(read(document if value is None else {**document, "value": value}), {"X": seen}).result


@pytest.mark.parametrize(
    ("operator", "value", "matching", "not_matching", "without_data", "unknown"),
    [
        ("equals", "Card", ["Card"], ["card", "Card ", "Cards", 7], False, []),
        ("equals", 18, [18], [19, -18, "18"], False, []),
        ("notEquals", "Card", ["card", "Loan", 18], ["Card"], True, []),
        ("notEquals", 18, [17, "18"], [18], True, []),
        ("contains", "Card", ["Card", "CreditCard", "a Card b"], ["card", "Car"], False, [7]),
        ("notContains", "Card", ["card", "Car"], ["Card", "CreditCard"], True, [7]),
        ("beginsWith", "Card", ["Card", "Cards"], ["card", "CreditCard", "Car"], False, [7]),
        ("greaterThan", 18, [19, 10**30], [18, 17, -19], False, ["19"]),
        ("lessThan", 18, [17, -(10**30)], [18, 19], False, ["17"]),
        ("in", ["Card", 18], ["Card", 18], ["card", "18", 19], False, []),
        ("in", [16.0], [16], [17], False, []),
    ],
)
def test_what_each_operator_means(
    operator: str, value: Any, matching: list[Any], not_matching: list[Any], without_data: bool, unknown: list[Any]
) -> None:
    # given a comparison, and values that match, that do not (another case, another type), no value at all, values
    # that the operator cannot use, null, and a value that no condition can use
    # when it is evaluated, then it holds for exactly the first; without data as the operator says
    assert [result(operator, value, seen) for seen in matching] == [True] * len(matching)
    assert [result(operator, value, seen) for seen in not_matching] == [False] * len(not_matching)
    assert result(operator, value, None) is without_data
    # and of what cannot be used nothing is known
    assert [result(operator, value, seen) for seen in (*unknown, *Unusable)] == [None] * (len(unknown) + len(Unusable))


@pytest.mark.parametrize(
    ("seen", "has_data"),
    [("Card", True), (" ", True), (0, True), (None, False), (Unusable.NULL, False), (Unusable.OTHER, None)],
)
def test_null_is_no_data_and_of_another_unusable_value_it_is_unknown(
    seen: Value | Unusable | None, has_data: bool | None
) -> None:
    # given a value, when it is asked whether there is data, then both operators say so, or neither does
    assert result("hasData", None, seen) is has_data
    assert result("hasNoData", None, seen) is (None if has_data is None else not has_data)


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        ({"operator": "equals"}, "equals takes one value"),
        ({"operator": "equals", "value": ["a"]}, "equals takes one value"),
        ({"operator": "notEquals", "value": None}, "notEquals takes one value"),
        ({"operator": "contains", "value": 5}, "contains takes a text"),
        ({"operator": "notContains", "value": 5}, "notContains takes a text"),
        ({"operator": "beginsWith", "value": 5}, "beginsWith takes a text"),
        ({"operator": "greaterThan", "value": "5"}, "greaterThan takes a whole number"),
        ({"operator": "lessThan", "value": "5"}, "lessThan takes a whole number"),
        ({"operator": "in", "value": "a"}, "in takes a list of values"),
        ({"operator": "in", "value": []}, "in takes a list of values"),
        ({"operator": "hasData", "value": "a"}, "hasData takes no value"),
        ({"operator": "hasNoData", "value": 0}, "hasNoData takes no value"),
    ],
)
def test_a_value_that_the_operator_cannot_use_is_refused(comparison: dict[str, Any], reason: str) -> None:
    # given a comparison whose value does not go with its operator, deep in a condition
    document = {"all": [{"not": {"any": [{"variable": "X", **comparison}]}}]}
    # when it is read, then the place and the reason are named
    with pytest.raises(InvalidConfiguration) as refusal:
        read(document)
    assert ("all[0].not.any[0]", reason) in [(mistake.path, mistake.reason) for mistake in refusal.value.mistakes]


def test_the_trace_shows_every_part_with_the_value_that_it_saw() -> None:
    # given a condition that is decided by its first part already
    condition = read(
        {
            "any": [
                {"variable": "Topic", "operator": "in", "value": ["HomeLoan", "Mortgage"]},
                {"not": {"variable": "Age", "operator": "lessThan", "value": 18}},
                {"variable": "Topic", "operator": "hasNoData"},
            ]
        }
    )
    topic = given_value("Topic", "HomeLoan", set_by="bot contoso-bot", at="2026-10-05T10:01:00Z")
    # when it is evaluated
    trace = evaluate(condition, {"Topic": "HomeLoan", "Age": None}, topic)
    # then each part shows its result, what it was compared with, and the assignment that it saw, or none
    asked = ConditionTrace(operator="lessThan", result=False, variable="Age", value=18, saw=None)
    assert trace == ConditionTrace(
        operator="any",
        result=True,
        parts=(
            ConditionTrace(
                operator="in", result=True, variable="Topic", value=("HomeLoan", "Mortgage"), saw=topic["Topic"]
            ),
            ConditionTrace(operator="not", result=True, parts=(asked,)),
            ConditionTrace(operator="hasNoData", result=False, variable="Topic", value=None, saw=topic["Topic"]),
        ),
    )


def test_an_empty_text_is_no_data_but_the_trace_shows_it() -> None:
    # given a variable that was set to an empty text
    emptied = given_value("X", "")
    # when it is asked for data
    trace = evaluate(read({"variable": "X", "operator": "hasData"}), {"X": None}, emptied)
    # then it has none, and the trace shows who emptied it
    assert (trace.result, trace.saw) == (False, emptied["X"])


def test_every_comparison_is_listed_with_its_path() -> None:
    # given a nested condition
    condition = read(
        {
            "all": [
                {"variable": "A", "operator": "hasData"},
                {"not": {"any": [{"variable": "B", "operator": "hasData"}, {"variable": "C", "operator": "hasData"}]}},
            ]
        }
    )
    # when its comparisons are listed
    found = [(path, comparison.variable) for path, comparison in comparisons(condition, "when")]
    # then each path is the one that an author would write
    assert found == [("when.all[0]", "A"), ("when.all[1].not.any[0]", "B"), ("when.all[1].not.any[1]", "C")]


NAMES = st.sampled_from(["X", "Y", "Z"])
TEXTS = st.text("ab", min_size=1, max_size=2)
NUMBERS = st.integers(-2, 2)
CONDITIONS = conditions(NAMES, TEXTS)
SEEN_VALUES = TEXTS | NUMBERS | st.none() | st.sampled_from(Unusable)
SEEN = st.fixed_dictionaries({"X": SEEN_VALUES, "Y": SEEN_VALUES, "Z": SEEN_VALUES})


@given(CONDITIONS, SEEN)
def test_not_negates(condition: Condition, seen: Seen) -> None:
    # given any condition and any values
    # when it is negated, then the result is the opposite, or unknown as before, and negated twice it is the same
    once, twice = Not(negated=condition), Not(negated=Not(negated=condition))
    opposite = {True: False, False: True, None: None}
    assert evaluate(once, seen).result is opposite[evaluate(condition, seen).result]
    assert evaluate(twice, seen).result is evaluate(condition, seen).result


@pytest.mark.parametrize("unusable", ["17", True, None, 17.5, [17], {"years": 17}])
def test_neither_a_condition_nor_its_opposite_holds_for_a_value_that_cannot_be_used(unusable: Any) -> None:
    # given an age that is no whole number, and a condition that asks whether somebody is a minor
    minor = read({"variable": "Age", "operator": "lessThan", "value": 18})
    seen = {"Age": seen_value(unusable, "number")}
    # when it and its opposite are evaluated, also in a group that another part does not decide
    for condition in (minor, Not(negated=minor), AllOf(all=(minor, HAS_TOPIC)), Not(negated=AnyOf(any=(minor,)))):
        # then neither is known, and neither holds
        assert evaluate(condition, {"Topic": "Loan", **seen}).result is None
        assert not compiled(condition)({"Topic": "Loan", **seen})


HAS_TOPIC = read({"variable": "Topic", "operator": "hasData"})


@settings(max_examples=500)
@given(CONDITIONS, SEEN)
def test_a_compiled_condition_holds_where_its_trace_does(condition: Condition, seen: Seen) -> None:
    check_compiled(condition, seen)


def check_compiled(condition: Condition, seen: Seen, compiling: Callable[[Condition], Test] = compiled) -> None:
    # given any condition and any values
    given_values = {"X": None, "Y": None, "Z": None, **seen}
    # when the condition is compiled, then it holds where the trace says so
    assert compiling(condition)(given_values) is (evaluate(condition, given_values).result is True)


@settings(max_examples=500)
@given(CONDITIONS, SEEN)
def test_a_condition_holds_for_no_other_values_than_it_demands(condition: Condition, seen: Seen) -> None:
    # given any condition that demands something of a variable, and any values for which it holds
    demand = demanded(condition)
    if demand is not None and evaluate(condition, seen).result:
        # then the variable has one of the values that are demanded
        assert seen[demand.variable] in demand.values


TOPIC = {"variable": "Topic", "operator": "equals", "value": "Card"}
TOPICS = {"variable": "Topic", "operator": "in", "value": ["Loan", "Mortgage"]}
AGE = {"variable": "Age", "operator": "equals", "value": 18}
OPEN = {"variable": "Age", "operator": "lessThan", "value": 18}


@pytest.mark.parametrize(
    ("condition", "demand"),
    [
        (TOPIC, ("Topic", {"Card"})),
        (TOPICS, ("Topic", {"Loan", "Mortgage"})),
        (OPEN, None),
        ({"not": TOPIC}, None),
        ({"all": [OPEN, TOPICS, AGE]}, ("Age", {18})),
        ({"all": [OPEN, {"not": AGE}]}, None),
        ({"any": [TOPIC, {"all": [OPEN, TOPICS]}]}, ("Topic", {"Card", "Loan", "Mortgage"})),
        ({"any": [TOPIC, AGE]}, None),
        ({"any": [TOPIC, OPEN]}, None),
    ],
)
def test_what_a_condition_demands(condition: dict[str, Any], demand: Any) -> None:
    # given a condition, when it is asked what it cannot hold without, then it is the narrowest that all its ways share
    assert demanded(read(condition)) == demand


@given(st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple), SEEN)
def test_all_is_the_least_and_any_the_greatest_of_its_parts(parts: tuple[Condition, ...], seen: Seen) -> None:
    # given some conditions, of which false is less than unknown, and unknown less than true (Kleene)
    results = [evaluate(part, seen).result for part in parts]
    ranked = sorted(results, key=[False, None, True].index)
    # when they are combined, then all is the least and any the greatest of them, and the trace has every part
    for trace, expected in (
        (evaluate(AllOf(all=parts), seen), ranked[0]),
        (evaluate(AnyOf(any=parts), seen), ranked[-1]),
    ):
        assert trace.result is expected
        assert [part.result for part in trace.parts] == results


OPPOSITES = [("equals", "notEquals"), ("contains", "notContains"), ("hasData", "hasNoData")]


@pytest.mark.parametrize(("operator", "opposite"), OPPOSITES)
@given(seen=SEEN_VALUES, value=TEXTS)
def test_opposite_operators_never_agree(
    operator: str, opposite: str, seen: Value | Unusable | None, value: str
) -> None:
    # given a value, or none, of any type
    compared = None if operator == "hasData" else value
    # when an operator and its opposite are asked, then exactly one of them holds, or both are unknown
    results = {result(operator, compared, seen), result(opposite, compared, seen)}
    assert results in ({True, False}, {None})


@settings(max_examples=300)
@given(CONDITIONS, SEEN)
def test_whatever_the_values_are_a_condition_has_a_trace_to_store(condition: Condition, seen: Seen) -> None:
    # given any condition that a configuration may hold, and any values
    # when it is evaluated, then its trace can be stored and read
    trace = evaluate(condition, seen)
    assert ConditionTrace.model_validate_json(trace.to_json()) == trace
    # and the condition itself is written as it is read
    assert CONDITION.validate_json(condition.to_json()) == condition


def test_the_trace_of_the_deepest_condition_that_is_accepted_can_be_read() -> None:
    # given conditions nested as deeply as the reader allows
    document: dict[str, Any] = {"variable": "X", "operator": "hasData"}
    for _ in range(300):
        document = {"not": document}
        try:
            condition = read(document)
        except InvalidConfiguration:
            break
        # when they are evaluated, then their traces can be stored and read
        trace = evaluate(condition, {"X": None})
        assert ConditionTrace.model_validate_json(trace.to_json()) == trace
