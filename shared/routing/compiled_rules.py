"""A work stream's rules, compiled once for each version of a configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from shared.routing.compiled_condition import Seen, Test, compiled
from shared.routing.condition import comparisons, demanded
from shared.routing.context_variable import Assignment, Unusable, Value, VariableType, seen_value
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

    def seen(self, assignments: Mapping[str, Assignment]) -> dict[str, Value | Unusable | None]:
        """What conditions see of each variable that they read. A value that nobody declares cannot be used."""
        seen: dict[str, Value | Unusable | None] = dict.fromkeys(self.read)
        for name, declared in self.read.items():
            if (one := assignments.get(name)) is not None:
                seen[name] = seen_value(one.value, declared) if declared else Unusable.OTHER
        return seen

    def possible(self, seen: Seen) -> list[tuple[Rule, Test]]:
        """The rules that these values may match, in their order."""
        by_value, others = self._index
        indices = [*others]
        for name, of_variable in by_value.items():
            value = seen[name]
            if value is not None:
                indices += of_variable.get(value, ())
        return [self.rules[index] for index in sorted(indices)]

    @cached_property
    def texts(self) -> Mapping[str, frozenset[str]]:
        """The texts with which the rules compare each variable."""
        found: dict[str, set[str]] = {}
        for rule in self.work_stream.rules:
            for _, leaf in comparisons(rule.when, ""):
                values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
                found.setdefault(leaf.variable, set()).update(value for value in values if isinstance(value, str))
        return {name: frozenset(texts) for name, texts in found.items()}

    @cached_property
    def _index(self) -> tuple[Mapping[str, Mapping[Value | Unusable, Sequence[int]]], Sequence[int]]:
        """The indices of the rules that demand a value, by variable and value; those of the others."""
        by_value: dict[str, dict[Value | Unusable, list[int]]] = {}
        others = []
        for index, (rule, _) in enumerate(self.rules):
            if (demand := demanded(rule.when)) is None:
                others.append(index)
                continue
            of_variable = by_value.setdefault(demand.variable, {})
            for value in demand.values:
                of_variable.setdefault(value, []).append(index)
        return by_value, others
