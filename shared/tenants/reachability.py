"""Satisfiability: whether a condition can hold at all, and whether it implies another.

Every claim is proved; if a proof would take too long, there is no claim. A condition is turned into alternatives
(disjunctive normal form), each a list of comparisons whose results are wanted together. Variables are independent, so
an alternative is impossible exactly if the comparisons of one variable are. A few samples stand for all values of that
variable, those that cannot be used included, and `evaluate` itself judges them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, Not
from shared.routing.condition_trace import evaluate, negated
from shared.routing.context_variable import Unusable, Value, VariableType

Wanted = frozenset[bool | None]
"""The results that are wanted of a condition: either True or False, and with it perhaps None for unknown."""
Demand = tuple[Comparison, Wanted]
Clause = tuple[Condition, Wanted]
Alternative = tuple[Demand, ...]

_HOLDS: Wanted = frozenset({True})
_DOES_NOT_HOLD: Wanted = frozenset({False, None})
_MAX_ALTERNATIVES = 100


class _TooLong(Exception):
    """Raised when a proof would take too long."""


class ConditionAnalyzer:
    """Proves claims while its `steps` last (a part of a second's worth); after that it claims nothing."""

    def __init__(self, steps: int = 60_000) -> None:
        self._steps = steps

    @property
    def is_used_up(self) -> bool:
        """True if it claims nothing any more."""
        return self._steps < 0

    def never_holds(self, condition: Condition, types: Mapping[str, VariableType]) -> bool:
        """True only if no values, usable or not, make the condition hold where variables have these types."""
        return self._impossible([(condition, _HOLDS)], types)

    def implies(self, condition: Condition, other: Condition, types: Mapping[str, VariableType]) -> bool:
        """True only if `other` holds whenever `condition` does. It does not where it is unknown."""
        return self._impossible([(condition, _HOLDS), (other, _DOES_NOT_HOLD)], types)

    def _impossible(self, clauses: Sequence[Clause], types: Mapping[str, VariableType]) -> bool:
        if self.is_used_up:
            return False
        try:
            together = self._together([self._alternatives(condition, wanted) for condition, wanted in clauses])
            return not any(self._possible(each, types) for each in together)
        except _TooLong:
            return False

    def _possible(self, alternative: Alternative, types: Mapping[str, VariableType]) -> bool:
        by_variable: dict[str, list[Demand]] = {}
        for comparison, wanted in alternative:
            by_variable.setdefault(comparison.variable, []).append((comparison, wanted))
        return all(self._met_by_a_value(demands, types[name]) for name, demands in by_variable.items())

    def _met_by_a_value(self, demands: Sequence[Demand], kind: VariableType) -> bool:
        self._spend(sum(len(rule_values(comparison)) for comparison, _ in demands))
        samples = _numbers(demands) if kind == "number" else _texts(demands)
        return any(all(self._meets(value, demand) for demand in demands) for value in (None, *Unusable, *samples))

    def _meets(self, value: Value | Unusable | None, demand: Demand) -> bool:
        comparison, wanted = demand
        self._spend(len(rule_values(comparison)))
        return evaluate(comparison, {comparison.variable: value}).result in wanted

    def _alternatives(self, condition: Condition, wanted: Wanted) -> list[Alternative]:
        """The alternatives in which the condition has a wanted result; it has one if any of them is met."""
        match condition:
            case Comparison():
                return [((condition, wanted),)]
            case Not(negated=part):
                return self._alternatives(part, frozenset(map(negated, wanted)))
            case AllOf(all=parts) | AnyOf(any=parts):
                each = [self._alternatives(part, wanted) for part in parts]
                # A failing `any` needs every part to fail; a failing `all` only one. Unknown parts count with either.
                if isinstance(condition, AllOf) is (True in wanted):
                    return self._together(each)
                return self._limited(list(chain(*each)))

    def _together(self, each: Iterable[list[Alternative]]) -> list[Alternative]:
        combined: list[Alternative] = [()]
        for ways in each:
            combined = self._limited([(*earlier, *way) for earlier in combined for way in ways])
        return combined

    def _limited(self, alternatives: list[Alternative]) -> list[Alternative]:
        self._spend(len(alternatives))
        if len(alternatives) > _MAX_ALTERNATIVES:
            raise _TooLong
        return alternatives

    def _spend(self, values: int) -> None:
        self._steps -= 1 + values // 10
        if self._steps < 0:
            raise _TooLong


def rule_values(comparison: Comparison) -> tuple[Value, ...]:
    """The values that the rule compares with; none for `hasData` and `hasNoData`."""
    value = comparison.value
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _numbers(demands: Sequence[Demand]) -> Iterator[int]:
    """Numbers that stand for all: between two neighbouring numbers of the rule, every comparison is constant."""
    named = {value for comparison, _ in demands for value in rule_values(comparison) if isinstance(value, int)}
    for number in sorted(named | {0}):
        yield from (number - 1, number, number + 1)


def _texts(demands: Sequence[Demand]) -> Iterator[str]:
    """Texts that stand for all: those of the rule, and one that has only what the comparisons require.

    The latter begins with the longest required beginning and contains every required part, each followed by a
    character that the rule does not use. If it begins with or contains a forbidden text, that text lies within a
    required one, so every other text that meets the requirements has it too. (It may be longer than a value may be;
    then the comparisons count as possible.)
    """
    named = {value for comparison, _ in demands for value in rule_values(comparison) if isinstance(value, str)}
    yield from sorted(named - {""})  # an empty text is no data
    used = set("".join(named))
    end = next(character for character in map(chr, range(0xE000, 0x110000)) if character not in used)
    beginnings = [
        comparison.value for comparison, wanted in demands if True in wanted and comparison.operator == "beginsWith"
    ]
    parts = [
        comparison.value
        for comparison, wanted in demands
        if comparison.operator == ("contains" if True in wanted else "notContains")
    ]
    yield end.join([max(beginnings, key=len, default=""), *parts, ""])
