"""A work stream's rules, compiled once for each version of a configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from shared.routing.condition import Test, comparisons, compiled
from shared.routing.context_variable import VariableType
from shared.routing.work_stream import Queue, Rule, WorkStream


@dataclass(frozen=True)
class CompiledRules:
    """Each rule of a work stream with its condition as a function, and all that deciding needs beside them.

    `read` maps the variables that conditions read to their declared types, None if they are not declared. `bots` are
    the members of all queues.
    """

    work_stream: WorkStream
    queues: Mapping[str, Queue]
    rules: Sequence[tuple[Rule, Test]]
    read: Mapping[str, VariableType | None]
    bots: frozenset[str]

    @classmethod
    def of(cls, work_stream: WorkStream, queues: Sequence[Queue]) -> Self:
        types = {variable.name: variable.type for variable in work_stream.context_variables}
        read = (leaf.variable for rule in work_stream.rules for _, leaf in comparisons(rule.when, ""))
        return cls(
            work_stream,
            {queue.id: queue for queue in queues},
            [(rule, compiled(rule.when)) for rule in work_stream.rules],
            {name: types.get(name) for name in read},
            frozenset(member.bot for queue in queues for member in queue.members if member.bot),
        )
