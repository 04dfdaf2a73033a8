"""Traces of a conversation's decisions, made from what is stored when somebody asks."""

from collections.abc import Iterable, Mapping, Sequence

from shared.conversations.fact import Fact
from shared.routing.context_variable import Assignment
from shared.routing.decision import Decision
from shared.routing.trace import Trace, TracedDecision, trace
from shared.tenants.history import History


def traced_decisions(
    decisions: Iterable[Decision], facts: Iterable[Fact], history: History
) -> Sequence[TracedDecision]:
    """Each decision with its trace. `facts` are the conversation's: they have the long values."""
    by_id = {fact.id: fact for fact in facts}
    return [TracedDecision(decision, _trace(decision, by_id, history)) for decision in decisions]


def _trace(decision: Decision, facts: Mapping[str, Fact], history: History) -> Trace:
    if decision.outcome != "routed":
        return Trace()
    version = history.numbered(decision.configuration_version)
    assignments = _assignments(decision, facts)
    if version is None or decision.work_stream is None or assignments is None:
        return Trace(missing="what it was made from is not kept any more")
    return trace(decision, version.rules[decision.work_stream], assignments)


def _assignments(decision: Decision, facts: Mapping[str, Fact]) -> dict[str, Assignment] | None:
    """The decision's variables with their values; None if a fact that has a long one is not kept any more."""
    assignments: dict[str, Assignment] = {}
    for given in decision.variables:
        fact = facts.get(given.fact_id)
        kept = fact.event.context_variables if fact else {}
        if not kept.keys() >= set(given.long):
            return None
        for name, value in {**given.values, **{name: kept[name] for name in given.long}}.items():
            assignments[name] = Assignment(
                name=name, value=value, at=given.at, fact_id=given.fact_id, set_by=given.set_by
            )
    return assignments
