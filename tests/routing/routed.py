"""Decisions with their traces."""

from collections.abc import Collection, Mapping, Sequence

from shared.routing.compiled_rules import CompiledRules
from shared.routing.context_variable import Assignment
from shared.routing.decide import decide
from shared.routing.decision import Cause
from shared.routing.trace import TracedDecision, trace
from shared.routing.work_stream import Queue, WorkStream
from tests.builders import TEN

START = Cause(fact_id="f1", type="conversation.started", at=TEN)


def routed(
    stream: WorkStream,
    queues: Sequence[Queue],
    variables: Mapping[str, Assignment],
    escalated: Collection[str] = (),
    version: int = 1,
) -> TracedDecision:
    """The decision of a conversation that starts, with its trace."""
    rules = CompiledRules.of(stream, queues)
    decision = decide(START, rules, variables, escalated, version)
    return TracedDecision(decision, trace(decision, rules, variables))
