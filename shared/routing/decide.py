"""Choosing a queue: that of the first rule that matches and that a member can take, else the fallback queue."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.routing.compiled_rules import CompiledRules
from shared.routing.context_variable import Assignment
from shared.routing.decision import Cause, Decision, Given

REVISION = 2
"""Counts the changes of `decide` by which the same inputs may lead elsewhere. Every decision names the one it had."""

LONGEST_COPIED = 100
"""Characters of a value that a decision holds. A longer one is looked up in the fact that gave it."""


def decide(
    cause: Cause, rules: CompiledRules, assignments: Mapping[str, Assignment], escalated: Collection[str], version: int
) -> Decision:
    """Route by the rules; `escalated` are the bots that may not have the conversation again."""
    seen = rules.seen(assignments)
    applied, queue = None, rules.queues[rules.work_stream.fallback_queue]
    for rule, holds in rules.possible(seen):
        if holds(seen) and not rules.queues[rule.queue].is_stranded(escalated):
            applied, queue = rule, rules.queues[rule.queue]
            break
    candidates = queue.candidates(escalated)
    first = candidates[0] if candidates else None
    return Decision(
        cause=cause,
        outcome="routed",
        work_stream=rules.work_stream.id,
        configuration_version=version,
        variables=_by_fact([one for name in rules.read if (one := assignments.get(name)) is not None]),
        excluded_bots={bot: "escalated" for bot in escalated if bot in rules.bots},
        revision=REVISION,
        rule=applied.name if applied else None,
        queue=queue.id,
        bot=first.bot if first else None,
        capacity=first.capacity if first else None,
    )


def _by_fact(given: Sequence[Assignment]) -> tuple[Given, ...]:
    facts: dict[str, tuple[Assignment, dict[str, Any], list[str]]] = {}
    for one in given:
        _, values, long = facts.get(one.fact_id) or facts.setdefault(one.fact_id, (one, {}, []))
        # The representation of a number, a list or an object is about as long as its JSON.
        if len(one.value if isinstance(one.value, str) else repr(one.value)) > LONGEST_COPIED:
            long.append(one.name)
        else:
            values[one.name] = one.value
    return tuple(
        [
            Given(fact_id=first.fact_id, at=first.at, set_by=first.set_by, values=values, long=tuple(long))
            for first, values, long in facts.values()
        ]
    )
