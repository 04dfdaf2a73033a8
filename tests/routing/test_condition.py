"""Conditions: what each operator means, and a trace that shows what it saw."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration
from shared.routing.condition import (
    AllOf,
    AnyOf,
    Condition,
    ConditionTrace,
    Not,
    Test,
    comparisons,
    compiled,
    demanded,
    evaluate,
)
from shared.routing.context_variable import Assignment
from shared.wire import validate
from tests.builders import given_value, json_values
from tests.routing.generated import conditions

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def read(document: Any) -> Condition:
    return validate(CONDITION, document, InvalidConfiguration)


def holds(operator: str, value: Any, variables: Mapping[str, Assignment]) -> bool:
    document = {"variable": "X", "operator": operator}
    return evaluate(read(document if value is None else {**document, "value": value}), variables).result


NO_DATA: list[Mapping[str, Assignment]] = [{}, given_value("X", ""), given_value("X", None), given_value("Y", "Card")]


@pytest.mark.parametrize(
    ("operator", "value", "matching", "not_matching", "without_data"),
    [
        ("equals", "Card", ["Card"], ["card", "Card ", "Cards", 7], False),
        ("equals", 18, [18], [19, -18, "18"], False),
        ("notEquals", "Card", ["card", "Loan", 18], ["Card"], True),
        ("notEquals", 18, [17, "18"], [18], True),
        ("contains", "Card", ["Card", "CreditCard", "a Card b"], ["card", "Car", 7], False),
        ("notContains", "Card", ["card", "Car", 7], ["Card", "CreditCard"], True),
        ("beginsWith", "Card", ["Card", "Cards"], ["card", "CreditCard", "Car", 7], False),
        ("greaterThan", 18, [19, 10**30], [18, 17, -19, "19"], False),
        ("lessThan", 18, [17, -(10**30)], [18, 19, "17"], False),
        ("in", ["Card", 18], ["Card", 18], ["card", "18", 19], False),
        ("hasData", None, ["Card", " ", 0], [], False),
        ("hasNoData", None, [], ["Card", " ", 0], True),
    ],
)
def test_what_each_operator_means(
    operator: str, value: Any, matching: list[Any], not_matching: list[Any], without_data: bool
) -> None:
    # given a comparison, and values that match, that do not (another case, another type), and no value at all
    # when it is evaluated, then it holds for exactly the first; without data as the operator says
    assert [holds(operator, value, given_value("X", seen)) for seen in matching] == [True] * len(matching)
    assert [holds(operator, value, given_value("X", seen)) for seen in not_matching] == [False] * len(not_matching)
    assert [holds(operator, value, variables) for variables in NO_DATA] == [without_data] * len(NO_DATA)


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
    trace = evaluate(condition, topic)
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
    trace = evaluate(read({"variable": "X", "operator": "hasData"}), emptied)
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
VARIABLES = st.dictionaries(NAMES, TEXTS | NUMBERS | st.just("") | json_values(3)).map(
    lambda values: {name: given_value(name, value)[name] for name, value in values.items()}
)


@given(CONDITIONS, VARIABLES)
def test_not_negates(condition: Condition, variables: dict[str, Assignment]) -> None:
    # given any condition and any values
    # when it is negated, then the result is the opposite, and negated twice it is the same
    once, twice = Not(negated=condition), Not(negated=Not(negated=condition))
    assert evaluate(once, variables).result is not evaluate(condition, variables).result
    assert evaluate(twice, variables).result is evaluate(condition, variables).result


@settings(max_examples=500)
@given(CONDITIONS, VARIABLES)
def test_a_compiled_condition_has_the_result_of_the_trace(
    condition: Condition, variables: dict[str, Assignment]
) -> None:
    check_compiled(condition, variables)


def check_compiled(
    condition: Condition, variables: dict[str, Assignment], compiling: Callable[[Condition], Test] = compiled
) -> None:
    # given any condition and any values, of which an empty text is no data
    seen = {name: one.value for name, one in variables.items() if one.value != ""}
    # when the condition is compiled, then it says what the trace says
    assert compiling(condition)({"X": None, "Y": None, "Z": None, **seen}) is evaluate(condition, variables).result


@settings(max_examples=500)
@given(CONDITIONS, VARIABLES)
def test_a_condition_holds_for_no_other_values_than_it_demands(
    condition: Condition, variables: dict[str, Assignment]
) -> None:
    # given any condition that demands something of a variable, and any values for which it holds
    demand = demanded(condition)
    if demand is not None and evaluate(condition, variables).result:
        # then the variable has one of the values that are demanded
        assert variables[demand.variable].value in demand.values


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


@given(st.lists(CONDITIONS, min_size=1, max_size=4).map(tuple), VARIABLES)
def test_all_and_any_agree_with_pythons(parts: tuple[Condition, ...], variables: dict[str, Assignment]) -> None:
    # given some conditions
    results = [evaluate(part, variables).result for part in parts]
    # when they are combined, then all and any mean what they mean in Python, and the trace has every part
    for trace, expected in (
        (evaluate(AllOf(all=parts), variables), all(results)),
        (evaluate(AnyOf(any=parts), variables), any(results)),
    ):
        assert trace.result is expected
        assert [part.result for part in trace.parts] == results


OPPOSITES = [("equals", "notEquals"), ("contains", "notContains"), ("hasData", "hasNoData")]


@pytest.mark.parametrize(("operator", "opposite"), OPPOSITES)
@given(variables=VARIABLES, value=TEXTS)
def test_opposite_operators_never_agree(
    operator: str, opposite: str, variables: dict[str, Assignment], value: str
) -> None:
    # given a value, or none, of any type
    compared = None if operator == "hasData" else value
    # when an operator and its opposite are asked, then exactly one of them holds
    assert holds(operator, compared, variables) is not holds(opposite, compared, variables)


@settings(max_examples=300)
@given(CONDITIONS, VARIABLES)
def test_whatever_the_values_are_a_condition_has_a_result_and_a_trace_to_store(
    condition: Condition, variables: dict[str, Assignment]
) -> None:
    # given any condition that a configuration may hold, and values of any type
    # when it is evaluated, then there is a result, and its trace can be stored and read
    trace = evaluate(condition, variables)
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
        trace = evaluate(condition, {})
        assert ConditionTrace.model_validate_json(trace.to_json()) == trace
