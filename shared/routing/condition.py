"""Conditions of routing rules: a tree of comparisons, compiled to decide, and evaluated with a trace to explain.

The operators are those of Dynamics 365, with their meaning; text is compared case-sensitively. For a variable without
data every comparison is false but `hasNoData`, `notEquals` and `notContains`.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Discriminator, Field, PlainValidator, Tag, model_validator

from shared.routing.context_variable import Assignment, Value, VariableName
from shared.wire import ExactModel, replace

Operator = Literal[
    "equals", "notEquals", "contains", "notContains", "beginsWith",
    "greaterThan", "lessThan", "in", "hasData", "hasNoData",
]  # fmt: skip

_WITHOUT_VALUE = ("hasData", "hasNoData")
_TEXT_ONLY = ("contains", "notContains", "beginsWith")
_NUMBER_ONLY = ("greaterThan", "lessThan")


def _rule_value(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if any(isinstance(item, bool) or not isinstance(item, str | int) for item in items):
        raise ValueError("is neither a text, nor a whole number, nor a list of those")
    return tuple(value) if isinstance(value, list) else value


RuleValue = Annotated[Any, PlainValidator(_rule_value)]
"""A rule's value: a text or whole number, a tuple of them for `in`, None for `hasData` and `hasNoData`."""


class Comparison(ExactModel):
    """A comparison of one variable with the rule's value."""

    variable: VariableName
    operator: Operator
    value: RuleValue = None

    @model_validator(mode="after")
    def _value_fits_operator(self) -> Self:
        if self.operator in _WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"{self.operator} takes no value")
        elif self.operator == "in":
            if not isinstance(self.value, tuple) or not self.value:
                raise ValueError("in takes a list of values")
        elif self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.operator} takes one value")
        elif self.operator in _TEXT_ONLY and not isinstance(self.value, str):
            raise ValueError(f"{self.operator} takes a text")
        elif self.operator in _NUMBER_ONLY and not isinstance(self.value, int):
            raise ValueError(f"{self.operator} takes a whole number")
        return self


class AllOf(ExactModel):
    """True if every part is."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AnyOf(ExactModel):
    """True if at least one part is."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class Not(ExactModel):
    """True if the part is not."""

    negated: Annotated["Condition", Field(alias="not")]


def _shape(condition: Any) -> str:
    if isinstance(condition, dict):
        return next((f"({name})" for name in ("all", "any", "not") if name in condition), "(comparison)")
    return next((tag for kind, tag in _TAGS if isinstance(condition, kind)), "(comparison)")


_TAGS = ((AllOf, "(all)"), (AnyOf, "(any)"), (Not, "(not)"))

Condition = Annotated[
    Annotated[AllOf, Tag("(all)")]
    | Annotated[AnyOf, Tag("(any)")]
    | Annotated[Not, Tag("(not)")]
    | Annotated[Comparison, Tag("(comparison)")],
    Discriminator(_shape),
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


class ConditionTrace(ExactModel):
    """The evaluation of a condition: all, any and not have `parts`, a comparison has the other members.

    `saw` is the variable's assignment; `left_out` says why a value that was given was ignored.
    """

    operator: str
    result: bool
    variable: str | None = None
    value: RuleValue = None
    saw: Assignment | None = None
    left_out: str | None = None
    parts: tuple["ConditionTrace", ...] = ()


def evaluate(
    condition: Condition, variables: Mapping[str, Assignment], left_out: Mapping[str, str] = MappingProxyType({})
) -> ConditionTrace:
    """Evaluate every part, even when the result is already clear: the trace is for people who ask why.

    `left_out` gives, by name, the reason why a variable with a value is not among `variables`.
    """
    match condition:
        case AllOf(all=parts):
            return _combine("all", all, [evaluate(part, variables, left_out) for part in parts])
        case AnyOf(any=parts):
            return _combine("any", any, [evaluate(part, variables, left_out) for part in parts])
        case Not(negated=part):
            trace = evaluate(part, variables, left_out)
            return ConditionTrace(operator="not", result=not trace.result, parts=(trace,))
        case Comparison():
            trace = _compare(condition, variables.get(condition.variable))
            reason = left_out.get(condition.variable)
            return replace(trace, left_out=reason) if reason else trace


Seen = Mapping[str, Value | None]
"""The value of each variable that conditions read, None without data."""
Test = Callable[[Seen], bool]
"""A compiled condition."""


def compiled(condition: Condition) -> Test:
    """The condition as a function, which has the result of `evaluate` and stops as soon as it is clear."""
    match condition:
        case AllOf(all=parts):
            return _all([compiled(part) for part in parts])
        case AnyOf(any=parts):
            return _any([compiled(part) for part in parts])
        case Not(negated=part):
            test = compiled(part)
            return lambda seen: not test(seen)
        case Comparison(variable=variable, operator=operator, value=value):
            return _TESTS[operator](variable, value)


class Demand(NamedTuple):
    """A variable that has to have one of these values."""

    variable: str
    values: frozenset[Value]


def demanded(condition: Condition) -> Demand | None:
    """What has to be so if the condition holds: of several demands the one with the fewest values; None without any."""
    match condition:
        case Comparison(variable=variable, operator="equals", value=value):
            return Demand(variable, frozenset((value,)))
        case Comparison(variable=variable, operator="in", value=values):
            return Demand(variable, frozenset(values))
        case AllOf(all=parts):
            demands = [demand for part in parts if (demand := demanded(part))]
            return min(demands, key=lambda demand: len(demand.values), default=None)
        case AnyOf(any=parts):
            demands = [demand for part in parts if (demand := demanded(part))]
            if len(demands) < len(parts) or len({demand.variable for demand in demands}) > 1:
                return None
            return Demand(demands[0].variable, frozenset[Value]().union(*(demand.values for demand in demands)))
        case _:
            return None


def comparisons(condition: Condition, path: str) -> list[tuple[str, Comparison]]:
    """Every comparison of the tree with its path."""
    match condition:
        case AllOf(all=parts):
            return [leaf for n, part in enumerate(parts) for leaf in comparisons(part, f"{path}.all[{n}]")]
        case AnyOf(any=parts):
            return [leaf for n, part in enumerate(parts) for leaf in comparisons(part, f"{path}.any[{n}]")]
        case Not(negated=part):
            return comparisons(part, f"{path}.not")
        case Comparison():
            return [(path, condition)]


def _all(tests: Sequence[Test]) -> Test:
    def holds(seen: Seen) -> bool:
        for test in tests:  # noqa: SIM110  # all() with a generator takes three times as long
            if not test(seen):
                return False
        return True

    return holds


def _any(tests: Sequence[Test]) -> Test:
    def holds(seen: Seen) -> bool:
        for test in tests:  # noqa: SIM110  # any() with a generator takes three times as long
            if test(seen):
                return True
        return False

    return holds


def _combine(operator: str, combine: Callable[[list[bool]], bool], parts: Sequence[ConditionTrace]) -> ConditionTrace:
    return ConditionTrace(operator=operator, result=combine([part.result for part in parts]), parts=tuple(parts))


def _compare(comparison: Comparison, assignment: Assignment | None) -> ConditionTrace:
    seen = assignment.value if assignment and assignment.value != "" else None
    return ConditionTrace(
        operator=comparison.operator,
        result=compiled(comparison)({comparison.variable: seen}),
        variable=comparison.variable,
        value=comparison.value,
        saw=assignment,
    )


_TESTS: Mapping[Operator, Callable[[str, Any], Test]] = {
    "equals": lambda name, value: lambda seen: seen[name] == value,
    "notEquals": lambda name, value: lambda seen: seen[name] != value,
    "contains": lambda name, value: lambda seen: isinstance(text := seen[name], str) and value in text,
    "notContains": lambda name, value: lambda seen: not (isinstance(text := seen[name], str) and value in text),
    "beginsWith": lambda name, value: lambda seen: isinstance(text := seen[name], str) and text.startswith(value),
    "greaterThan": lambda name, value: lambda seen: isinstance(number := seen[name], int) and number > value,
    "lessThan": lambda name, value: lambda seen: isinstance(number := seen[name], int) and number < value,
    "in": lambda name, value: lambda seen: seen[name] in value,
    "hasData": lambda name, _: lambda seen: seen[name] is not None,
    "hasNoData": lambda name, _: lambda seen: seen[name] is None,
}
"""Each operator as a function of a variable's name and the rule's value."""
