"""The trace of a decision: what became of every rule and comparison, made from the decision's inputs when asked for."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

from shared.routing.afterwards import Afterwards
from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition_trace import ConditionTrace, evaluate
from shared.routing.context_variable import Assignment
from shared.routing.decide import REVISION
from shared.routing.decision import Decision
from shared.wire import ExactModel

RuleStatus = Literal["applied", "passedOver", "notMatched", "notReached"]


class RuleTrace(ExactModel):
    """The outcome of one rule. `passedOver`: it matched, but nobody in its queue may take this conversation."""

    name: str
    queue: str
    status: RuleStatus
    condition: ConditionTrace | None = None


class Outranked(ExactModel):
    """A bot that did not take the conversation because a human comes before it."""

    bot: str
    capacity: int


class Trace(ExactModel):
    """How a decision came about.

    `passed_over_bots` are the queue's bots that escalated before; `outranked` are its bots that come after a human.
    `missing` says why nothing of this is known.
    """

    rules: tuple[RuleTrace, ...] = ()
    passed_over_bots: tuple[str, ...] = ()
    outranked: tuple[Outranked, ...] = ()
    missing: str | None = None


_MEMBERS = (
    "cause", "outcome", "reason", "workStream", "configurationVersion", "rules", "rule", "queue", "bot", "capacity",
    "passedOverBots", "outranked",
)  # fmt: skip


class TracedDecision(NamedTuple):
    """A decision with its trace, and what became of the conversation after it."""

    decision: Decision
    trace: Trace
    afterwards: Afterwards = Afterwards()

    def document(self) -> dict[str, Any]:
        """Both as the JSON document of an answer: every member of the contract, null where there is nothing."""
        parts = (part.model_dump(mode="json", by_alias=True) for part in (self.decision, self.trace))
        document = {name: value for part in parts for name, value in part.items()}
        missing = {"missing": self.trace.missing} if self.trace.missing else {}
        reason = {"escalationReason": self.afterwards.reason} if self.afterwards.reason else {}
        return {**{name: document[name] for name in _MEMBERS}, **reason, **missing}


def trace(decision: Decision, rules: CompiledRules, assignments: Mapping[str, Assignment]) -> Trace:
    """The trace of a routed decision; `assignments` are its variables with their values.

    A trace that does not lead where the decision does is not shown.
    """
    excluded = decision.excluded_bots
    traces, applied = _rules(rules, assignments, excluded)
    queue = rules.queues[applied.queue if applied else rules.work_stream.fallback_queue]
    candidates = queue.candidates(excluded)
    first = candidates[0] if candidates else None
    made = applied and applied.name, queue.id, first and first.bot, first and first.capacity
    if made != (decision.rule, decision.queue, decision.bot, decision.capacity):
        reason = f"revision {decision.revision} of deciding made it, and revision {REVISION} leads elsewhere"
        return Trace(missing=reason)
    behind = candidates if first and first.agent else []
    return Trace(
        rules=tuple(traces),
        passed_over_bots=tuple(member.bot for member in queue.members if member.bot in excluded and member.bot),
        outranked=tuple(Outranked(bot=member.bot, capacity=member.capacity) for member in behind if member.bot),
    )


def _rules(
    rules: CompiledRules, assignments: Mapping[str, Assignment], excluded: Collection[str]
) -> tuple[list[RuleTrace], RuleTrace | None]:
    """The trace of each rule, and that of the one that is applied; None for the fallback queue."""
    complaint = rules.work_stream.declared.complaint
    left_out = {name: why for name, value in assignments.items() if (why := complaint(value))}
    seen = rules.seen(assignments)
    traces: list[RuleTrace] = []
    applied: RuleTrace | None = None
    for rule, _ in rules.rules:
        if applied is not None:
            traces.append(RuleTrace(name=rule.name, queue=rule.queue, status="notReached"))
            continue
        condition = evaluate(rule.when, seen, assignments, left_out)
        status: RuleStatus = "notMatched"
        if condition.result:
            status = "passedOver" if rules.queues[rule.queue].is_stranded(excluded) else "applied"
        traces.append(RuleTrace(name=rule.name, queue=rule.queue, status=status, condition=condition))
        if status == "applied":
            applied = traces[-1]
    return traces, applied
