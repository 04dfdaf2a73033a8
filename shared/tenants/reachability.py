"""Whether a condition can hold at all, and whether one holds whenever another does.

What is claimed here is proved; where a proof would take too long, nothing is claimed. A condition becomes
alternatives, each a list of comparisons that hold or fail together. Variables are independent, so an alternative is
impossible exactly when one variable's comparisons are. There a few samples stand for all values that the variable can
have, and the evaluator itself judges them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, Not, evaluate
from shared.routing.context_variable import Assignment, Value, VariableType

Demand = tuple[Comparison, bool]
"""A comparison, and whether it is to hold."""
Alternative = tuple[Demand, ...]

_MOST_ALTERNATIVES = 100


class _TooMuch(Exception):
    """Raised when a proof would take too long."""


class Prover:
    """Proves, as long as its steps last (about a second's worth); then it claims nothing any more."""

    def __init__(self, steps: int = 200_000) -> None:
        self._steps = steps

    def never_holds(self, condition: Condition, types: Mapping[str, VariableType]) -> bool:
        """True only if no values of variables of these types make the condition hold."""
        try:
            return not any(self._possible(each, types) for each in _alternatives(condition, wanted=True))
        except _TooMuch:
            return False

    def implies(self, condition: Condition, other: Condition, types: Mapping[str, VariableType]) -> bool:
        """True only if `other` holds whenever `condition` does."""
        return self._steps >= 0 and self.never_holds(AllOf(all=(condition, Not(negated=other))), types)

    def _possible(self, alternative: Alternative, types: Mapping[str, VariableType]) -> bool:
        by_variable: dict[str, list[Demand]] = {}
        for comparison, wanted in alternative:
            by_variable.setdefault(comparison.variable, []).append((comparison, wanted))
        return all(self._met_by_a_value(demands, types[name]) for name, demands in by_variable.items())

    def _met_by_a_value(self, demands: Sequence[Demand], kind: VariableType) -> bool:
        self._spend(sum(len(rule_values(comparison)) for comparison, _ in demands))
        samples = _numbers(demands) if kind == "number" else _texts(demands)
        return any(all(self._meets(value, demand) for demand in demands) for value in (None, *samples))

    def _meets(self, value: Value | None, demand: Demand) -> bool:
        comparison, wanted = demand
        self._spend(len(rule_values(comparison)))
        given = Assignment(name=comparison.variable, value=value, at="", fact_id="", set_by="")
        return evaluate(comparison, {comparison.variable: given}).result is wanted

    def _spend(self, values: int) -> None:
        self._steps -= 1 + values // 10
        if self._steps < 0:
            raise _TooMuch


def rule_values(comparison: Comparison) -> tuple[Value, ...]:
    """What the rule compares with, as a tuple: empty for `hasData` and `hasNoData`."""
    value = comparison.value
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _alternatives(condition: Condition, *, wanted: bool) -> list[Alternative]:
    """The ways in which the condition holds (or, if that is wanted, fails); at least one of them is then met."""
    match condition:
        case Comparison():
            return [((condition, wanted),)]
        case Not(negated=part):
            return _alternatives(part, wanted=not wanted)
        case AllOf(all=parts) | AnyOf(any=parts):
            each = [_alternatives(part, wanted=wanted) for part in parts]
            # A failing `any` needs every part to fail; a failing `all` only one.
            return _together(each) if isinstance(condition, AllOf) is wanted else _limited(list(chain(*each)))


def _together(each: Iterable[list[Alternative]]) -> list[Alternative]:
    combined: list[Alternative] = [()]
    for ways in each:
        combined = _limited([(*one, *other) for one in combined for other in ways])
    return combined


def _limited(alternatives: list[Alternative]) -> list[Alternative]:
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise _TooMuch
    return alternatives


def _numbers(demands: Sequence[Demand]) -> Iterator[int]:
    """Numbers that stand for all: between two neighbours of those that the rule names, every comparison is constant."""
    named = {value for comparison, _ in demands for value in rule_values(comparison) if isinstance(value, int)}
    for number in sorted(named | {0}):
        yield from (number - 1, number, number + 1)


def _texts(demands: Sequence[Demand]) -> Iterator[str]:
    """Texts that stand for all: those that the rule names, and one that says only what it must.

    The latter begins with the longest beginning that is asked for, and holds every part that is asked for, each ended
    by a character that the rule does not name. If it begins with or holds something that must not be there, that
    stands within something asked for, so every other text has it too. (It may be longer than a value may be; then
    the comparisons pass for possible.)
    """
    named = {value for comparison, _ in demands for value in rule_values(comparison) if isinstance(value, str)}
    yield from sorted(named)
    known = set("".join(named))
    end = next(character for character in map(chr, range(0xE000, 0x110000)) if character not in known)
    beginnings = [comparison.value for comparison, wanted in demands if wanted and comparison.operator == "beginsWith"]
    parts = [
        comparison.value
        for comparison, wanted in demands
        if comparison.operator == ("contains" if wanted else "notContains")
    ]
    yield end.join([max(beginnings, key=len, default=""), *parts, ""])
