"""Choosing a queue: that of the first rule that matches and that a member can take, else the fallback queue."""

from collections.abc import Collection, Mapping, Sequence

from shared.routing.condition import evaluate
from shared.routing.context_variable import Assignment, complaint
from shared.routing.decision import Cause, Decision, Outranked, RuleTrace
from shared.routing.work_stream import Queue, WorkStream


def decide(
    cause: Cause,
    work_stream: WorkStream,
    queues: Sequence[Queue],
    assignments: Mapping[str, Assignment],
    escalated: Collection[str],
    version: int,
) -> Decision:
    """Route by the rules; `escalated` are the bots that may not have the conversation again."""
    by_id = {queue.id: queue for queue in queues}
    traces, applied = _evaluated(work_stream, by_id, assignments, escalated)
    queue = by_id[applied.queue if applied else work_stream.fallback_queue]
    candidates = queue.candidates(escalated)
    first = candidates[0] if candidates else None
    behind = candidates if first and first.agent else []
    return Decision(
        cause=cause,
        outcome="routed",
        work_stream=work_stream.id,
        configuration_version=version,
        rules=tuple(traces),
        rule=applied.name if applied else None,
        queue=queue.id,
        bot=first.bot if first else None,
        capacity=first.capacity if first else None,
        passed_over_bots=tuple(member.bot for member in queue.members if member.bot in escalated and member.bot),
        outranked=tuple(Outranked(bot=member.bot, capacity=member.capacity) for member in behind if member.bot),
    )


def _evaluated(
    work_stream: WorkStream,
    queues: Mapping[str, Queue],
    assignments: Mapping[str, Assignment],
    escalated: Collection[str],
) -> tuple[list[RuleTrace], RuleTrace | None]:
    """The trace of each rule, and that of the one that is applied; None for the fallback queue."""
    complaints = {name: complaint(value, work_stream.context_variables) for name, value in assignments.items()}
    left_out = {name: why for name, why in complaints.items() if why}
    usable = {name: value for name, value in assignments.items() if name not in left_out}
    traces: list[RuleTrace] = []
    applied: RuleTrace | None = None
    for rule in work_stream.rules:
        if applied is not None:
            traces.append(RuleTrace(name=rule.name, queue=rule.queue, status="notReached"))
            continue
        condition = evaluate(rule.when, usable, left_out)
        trace = RuleTrace(name=rule.name, queue=rule.queue, status="notMatched", condition=condition)
        if condition.result:
            queue = queues[rule.queue]
            # A queue with nobody but bots that gave the conversation up would keep the customer waiting for ever.
            stranded = queue.members and not queue.candidates(escalated)
            trace = trace.model_copy(update={"status": "passedOver" if stranded else "applied"})
            applied = None if stranded else trace
        traces.append(trace)
    return traces, applied
