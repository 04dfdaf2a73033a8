"""What an event costs as its conversation, the history, the rules or the tenants grow: CPU time, in this process.

Events are delivered in order within each conversation, those of sixteen conversations at once, to the pipeline on a
file of SQLite, in memory where there is a place: the time to wait for a disk is none of the CPU's.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.bootstrap import EmbeddedPipeline, embedded_on
from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.events.envelope import parse_time
from tests.bench.configurations import configuration
from tests.bench.deciding import compiled_rules, decided
from tests.bench.figures import Growth
from tests.bench.lifecycle import ESCALATED, MESSAGE, STARTED, TENANT, Sender, conversations
from tests.bench.processes import IN_MEMORY

BEGAN = parse_time("2026-10-05T10:00:00Z")
RULED = "ruled"
"""The tenant with a given number of rules."""
_AT_ONCE = 16
_NEXT = 10
"""Events by which the cost of the next one is measured."""
_LONGEST = 60.0
"""Seconds of CPU for which a conversation is made longer before it is measured; else the size is left out."""

Cost = float | None
"""Microseconds of CPU an event; None where the size would take too long."""


@dataclass(frozen=True)
class Curve:
    """One cost as one thing grows."""

    name: str
    grows: str
    sizes: tuple[int, ...]
    measure: Callable[[EmbeddedPipeline, int], Awaitable[Cost]]
    once_from: int = 5_000
    """From this size on a size is measured once, not in each round: it takes long."""


async def by_length(pipeline: EmbeddedPipeline, lines: int, count: int = 800) -> Cost:
    """Whole conversations with so many lines."""
    return await cost_of(pipeline, conversations(max(_AT_ONCE, count // lines), lines, began=BEGAN))


async def next_line(pipeline: EmbeddedPipeline, facts: int) -> Cost:
    """A line after so many facts, which are lines."""
    return await _next(pipeline, MESSAGE, MESSAGE, facts)


async def next_escalation(pipeline: EmbeddedPipeline, facts: int) -> Cost:
    """An escalation after so many facts, which are lines."""
    return await _next(pipeline, MESSAGE, ESCALATED, facts)


async def next_of_escalations(pipeline: EmbeddedPipeline, facts: int) -> Cost:
    """An escalation after so many facts, which are escalations."""
    return await _next(pipeline, ESCALATED, ESCALATED, facts)


async def by_rules(pipeline: EmbeddedPipeline, rules: int, count: int = 100) -> Cost:
    """The four events of a conversation, under so many rules of 4 conditions; 3 are the example's own, simple rules."""
    # A tenant's first configuration is in force at once.
    await pipeline.configurations.put(RULED, configuration(RULED, rules if rules != 3 else None), None)
    return await cost_of(pipeline, conversations(count, began=BEGAN, tenants=[RULED]))


async def by_tenants(pipeline: EmbeddedPipeline, tenants: int, count: int = 200) -> Cost:
    """The four events of conversations of so many tenants, whose configurations were read before."""
    names = [f"tenant-{number}" for number in range(tenants)]
    for name in names:
        await pipeline.configurations.put(name, configuration(name), None)
    await cost_of(pipeline, conversations(tenants, named="warm-up", began=BEGAN, tenants=names))
    return await cost_of(pipeline, conversations(max(count, tenants), began=BEGAN, tenants=names))


async def by_variables(_: EmbeddedPipeline, variables: int, count: int = 2_000) -> Cost:
    """A decision over 20 rules of 4 conditions, without the rest of an event."""
    rules, given = compiled_rules(variables)
    began = time.process_time()
    for _decision in range(count):
        decided(rules, given)
    return (time.process_time() - began) / count * 1e6


CURVES = (
    Curve("an event", "lines of its conversation", (1, 4, 12, 50, 200, 1_000, 10_000), by_length, 1_000),
    Curve("the next line", "lines before it", (10, 1_000, 10_000), next_line),
    Curve("the next escalation", "lines before it", (10, 1_000, 10_000), next_escalation),
    Curve("the next escalation", "escalations before it", (10, 100, 1_000, 10_000), next_of_escalations, 1_000),
    Curve("an event", "rules", (3, 20, 100), by_rules),
    Curve("a decision over 20 rules", "variables", (4, 8, 20, 80), by_variables),
    Curve("an event", "tenants", (1, 10, 100, 1_000), by_tenants, 1_000),
)


def measure(rounds: int, curves: Sequence[Curve] = CURVES) -> Iterator[Growth]:
    """Measure each curve, each size once in every round."""
    for curve in curves:
        costs: dict[int, list[Cost]] = {size: [] for size in curve.sizes}
        for number in range(rounds):
            for size in (each for each in curve.sizes if each < curve.once_from or number == 0):
                costs[size].append(asyncio.run(_at_size(curve, size)))
        yield grown(curve.name, curve.grows, costs)


def grown(name: str, grows: str, costs: Mapping[int, Sequence[Cost]]) -> Growth:
    """The costs of one thing by size, as they are kept."""
    kept = (tuple(round(cost, 1) for cost in each if cost is not None) for each in costs.values())
    return Growth(name=name, grows=grows, sizes=tuple(costs), cpu=tuple(kept))


async def _at_size(curve: Curve, size: int) -> Cost:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        async with opened(Path(folder) / "patchbay.db") as pipeline:
            return await curve.measure(pipeline, size)


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[EmbeddedPipeline]:
    """The pipeline on a file, with the tenant; its clock stands still after all events."""
    pipeline = embedded_on(Database(file), MovableClock(BEGAN + timedelta(minutes=1)))
    try:
        await pipeline.configurations.put(TENANT, configuration(), None)
        yield pipeline
    finally:
        await pipeline.close()


async def cost_of(pipeline: EmbeddedPipeline, told: Sequence[Sequence[bytes]]) -> float:
    """Deliver the conversations, sixteen at once. Returns the cost of one event."""
    waiting = iter(told)

    async def worker() -> None:
        for events in waiting:
            for body in events:
                await pipeline.deliveries.deliver(body)

    gc.collect()
    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))
    return (time.process_time() - began) / sum(map(len, told)) * 1e6


async def _next(pipeline: EmbeddedPipeline, before: str, then: str, facts: int) -> Cost:
    """The cost of the next events of a type after so many facts of a type."""
    sender = Sender("c", BEGAN)
    began = time.process_time()
    await pipeline.deliveries.deliver(sender.event(0, STARTED))
    for number in range(1, facts):
        await pipeline.deliveries.deliver(sender.event(number, before))
        if time.process_time() - began > _LONGEST:
            return None
    return await cost_of(pipeline, [[sender.event(facts + number, then) for number in range(_NEXT)]])
