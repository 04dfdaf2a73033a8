"""The evaluation of a condition with a trace, for people who ask why."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shared.routing.compiled_condition import Seen, compiled, compiled_opposite
from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, Not, RuleValue
from shared.routing.context_variable import Assignment
from shared.wire import ExactModel


class ConditionTrace(ExactModel):
    """The evaluation of a condition: all, any and not have `parts`, a comparison has the other members.

    `result` is None if it is unknown. `saw` is the variable's assignment; `left_out` says why its value cannot be used.
    """

    operator: str
    result: bool | None
    variable: str | None = None
    value: RuleValue = None
    saw: Assignment | None = None
    left_out: str | None = None
    parts: tuple["ConditionTrace", ...] = ()


def evaluate(
    condition: Condition,
    seen: Seen,
    assignments: Mapping[str, Assignment] = MappingProxyType({}),
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> ConditionTrace:
    """Evaluate every part, even when the result is already clear: `compiled` has the same result.

    `assignments` gave the variables what is seen of them; `left_out` says of some why their value cannot be used.
    """
    match condition:
        case AllOf(all=parts):
            return _combined("all", [evaluate(part, seen, assignments, left_out) for part in parts], decisive=False)
        case AnyOf(any=parts):
            return _combined("any", [evaluate(part, seen, assignments, left_out) for part in parts], decisive=True)
        case Not(negated=part):
            trace = evaluate(part, seen, assignments, left_out)
            return ConditionTrace(operator="not", result=negated(trace.result), parts=(trace,))
        case Comparison(variable=name):
            return ConditionTrace(
                operator=condition.operator,
                result=_result(condition, seen),
                variable=name,
                value=condition.value,
                saw=assignments.get(name),
                left_out=left_out.get(name),
            )


def negated(result: bool | None) -> bool | None:
    """The opposite of a condition's result; of unknown it is unknown."""
    return None if result is None else not result


def _combined(operator: str, parts: Sequence[ConditionTrace], *, decisive: bool) -> ConditionTrace:
    """The trace of a group. One `decisive` part decides it; else one that is unknown makes it unknown."""
    results = {part.result for part in parts}
    result = decisive if decisive in results else None if None in results else not decisive
    return ConditionTrace(operator=operator, result=result, parts=tuple(parts))


def _result(comparison: Comparison, seen: Seen) -> bool | None:
    if compiled(comparison)(seen):
        return True
    return False if compiled_opposite(comparison)(seen) else None
