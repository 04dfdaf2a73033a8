"""Conditions compiled to functions, which decide without a trace."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, Not, Operator
from shared.routing.context_variable import Unusable, Value

Seen = Mapping[str, Value | Unusable | None]
"""What conditions see of each variable that they read; None without data."""
Test = Callable[[Seen], bool]
"""A compiled condition, or the opposite of one. Where the condition is unknown, both are false."""


def compiled(condition: Condition) -> Test:
    """The condition as a function: true where the result of `evaluate` is. It stops as soon as that is clear."""
    match condition:
        case AllOf(all=parts):
            return _all([compiled(part) for part in parts])
        case AnyOf(any=parts):
            return _any([compiled(part) for part in parts])
        case Not(negated=part):
            return compiled_opposite(part)
        case Comparison(variable=variable, operator=operator, value=value):
            return _TESTS[operator](variable, value)


def compiled_opposite(condition: Condition) -> Test:
    """A function that is true where the condition is false. So no part of a condition needs a third value."""
    match condition:
        case AllOf(all=parts):
            return _any([compiled_opposite(part) for part in parts])
        case AnyOf(any=parts):
            return _all([compiled_opposite(part) for part in parts])
        case Not(negated=part):
            return compiled(part)
        case Comparison(variable=variable, operator=operator, value=value):
            return _OPPOSITES[operator](variable, value)


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


_Tests = Mapping[Operator, Callable[[str, Any], Test]]
_NULL, _OTHER = Unusable.NULL, Unusable.OTHER


def _equals(name: str, value: Any) -> Test:
    return lambda seen: seen[name] == value


def _not_equals(name: str, value: Any) -> Test:
    return lambda seen: (found := seen[name]) != value and found is not _OTHER and found is not _NULL


def _contains(name: str, value: Any) -> Test:
    return lambda seen: isinstance(text := seen[name], str) and value in text


def _not_contains(name: str, value: Any) -> Test:
    return lambda seen: (text := seen[name]) is None or (isinstance(text, str) and value not in text)


def _has_data(name: str, _: Any) -> Test:
    return lambda seen: isinstance(seen[name], str | int)


def _has_no_data(name: str, _: Any) -> Test:
    return lambda seen: (found := seen[name]) is None or found is _NULL


_TESTS: _Tests = {
    "equals": _equals,
    "notEquals": _not_equals,
    "contains": _contains,
    "notContains": _not_contains,
    "beginsWith": lambda name, value: lambda seen: isinstance(text := seen[name], str) and text.startswith(value),
    "greaterThan": lambda name, value: lambda seen: isinstance(number := seen[name], int) and number > value,
    "lessThan": lambda name, value: lambda seen: isinstance(number := seen[name], int) and number < value,
    "in": lambda name, value: lambda seen: seen[name] in value,
    "hasData": _has_data,
    "hasNoData": _has_no_data,
}
"""When each operator holds, as a function of a variable's name and the rule's value."""

_OPPOSITES: _Tests = {
    "equals": _not_equals,
    "notEquals": _equals,
    "contains": _not_contains,
    "notContains": _contains,
    "beginsWith": lambda name, value: (
        lambda seen: (text := seen[name]) is None or (isinstance(text, str) and not text.startswith(value))
    ),
    "greaterThan": lambda name, value: (
        lambda seen: (number := seen[name]) is None or (isinstance(number, int) and number <= value)
    ),
    "lessThan": lambda name, value: (
        lambda seen: (number := seen[name]) is None or (isinstance(number, int) and number >= value)
    ),
    "in": lambda name, value: (
        lambda seen: (found := seen[name]) not in value and found is not _OTHER and found is not _NULL
    ),
    "hasData": _has_no_data,
    "hasNoData": _has_data,
}
"""When each operator fails. What neither holds nor fails is unknown."""
