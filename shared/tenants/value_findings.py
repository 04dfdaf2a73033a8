"""Findings about the values with which rules compare: of a wrong type, or nearly another value."""

from collections.abc import Iterator, Mapping

from shared.near_miss import Spellings, typo_between
from shared.routing.condition import NUMBER_ONLY, TEXT_ONLY, Comparison, comparisons
from shared.routing.context_variable import Value, VariableType
from shared.routing.work_stream import WorkStream
from shared.tenants.finding import Finding
from shared.tenants.reachability import rule_values

_MAX_VALUES = 1000
"""Of one variable; further ones are not compared with each other."""
_MAX_ALIKE = 20
"""The values with which one is compared; only where each value is nearly each other are there more."""


def mixed_types(leaf: Comparison, types: Mapping[str, VariableType], path: str) -> Iterator[Finding]:
    """Findings where number and text meet: they are never equal, and have operators of their own."""
    kind, other = (str, "number") if types[leaf.variable] == "text" else (int, "text")
    declared = f"{leaf.variable} is declared as {types[leaf.variable]}"
    if leaf.operator in (NUMBER_ONLY if kind is str else TEXT_ONLY):
        detail = f"{declared}, and {leaf.operator} is for a {other}: take another operator, or declare it as {other}"
        yield Finding(code="number_against_text", path=f"{path}.operator", detail=detail)
        return
    for where, value in _values(leaf, path):
        if not isinstance(value, kind):
            quotes = "in quotes" if kind is str else "without quotes"
            detail = f"{declared} and never equals the {other} {value!r}: write it {quotes}, or declare it as {other}"
            yield Finding(code="number_against_text", path=where, detail=detail)


def near_values(stream: WorkStream, path: str) -> Iterator[Finding]:
    """Values of different rules that look like one value; a rule that names both means both."""
    first: dict[tuple[str, str], tuple[int, str]] = {}
    named: dict[tuple[str, str], set[int]] = {}
    for r, rule in enumerate(stream.rules):
        for at, leaf in comparisons(rule.when, f"{path}.rules[{r}].when"):
            for where, value in _values(leaf, at):
                if isinstance(value, str) and leaf.operator in ("equals", "notEquals", "in"):
                    first.setdefault((leaf.variable, value), (r, where))
                    named.setdefault((leaf.variable, value), set()).add(r)
    earlier: dict[str, Spellings] = {}
    for (variable, value), (_, where) in first.items():
        others = earlier.setdefault(variable, Spellings())
        for other in others.alike(value, _MAX_ALIKE):
            if named[variable, value].isdisjoint(named[variable, other]) and (how := typo_between(value, other)):
                theirs = stream.rules[first[variable, other][0]].name
                detail = f"{value!r} differs from {other!r} of rule {theirs!r} {how}: write both alike if they mean one"
                yield Finding(code="variable_near_miss", path=where, detail=detail)
                break
        if len(others) < _MAX_VALUES:
            others.add(value)


def _values(leaf: Comparison, path: str) -> Iterator[tuple[str, Value]]:
    """Each value that the rule compares with, after its path."""
    for n, value in enumerate(rule_values(leaf)):
        yield f"{path}.value[{n}]" if leaf.operator == "in" else f"{path}.value", value
