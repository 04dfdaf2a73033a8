"""What an event and what reading cost beside a history of conversations: CPU time, in this process, on the disk."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from shared.bootstrap import EmbeddedPipeline
from tests.bench.figures import Growth
from tests.bench.growth import BEGAN, cost_of, grown, opened
from tests.bench.history import write_history
from tests.bench.lifecycle import TENANT, conversations

SIZES = (100, 1_000_000)
"""A hundred fill a page of the list."""
_GROWS = "conversations that ended before"
_REPEATED = 5

READS: Mapping[str, Callable[[EmbeddedPipeline], Awaitable[object]]] = {
    "a page of the list": lambda pipeline: pipeline.conversations.page(TENANT, {}, None),
    "a page of the active ones": lambda pipeline: pipeline.conversations.page(TENANT, {"state": "active"}, None),
    "the month's report": lambda pipeline: pipeline.usage.report(TENANT, "2026-10"),
    "a sweep": lambda pipeline: pipeline.sweep.run(),
}


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> Iterator[Growth]:
    """Measure everything on each history once in every round."""
    costs: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in ("an event", *READS)}
    with tempfile.TemporaryDirectory() as folder:
        files = {size: Path(folder) / f"{size}.db" for size in sizes}
        for size, file in files.items():
            write_history(file, size)
        for number in range(rounds):
            for size, file in files.items():
                for name, cost in asyncio.run(_costs(file, number)).items():
                    costs[name][size].append(cost)
    for name, each in costs.items():
        yield grown(name, _GROWS, each)


async def _costs(file: Path, number: int) -> dict[str, float]:
    async with opened(file) as pipeline:
        # The first pages of a large file are read anew.
        await cost_of(pipeline, conversations(50, named=f"warm-up-{number}", began=BEGAN))
        told = conversations(100, named=f"round-{number}", began=BEGAN)
        costs = {"an event": await cost_of(pipeline, told)}
        for name, read in READS.items():
            began = time.process_time()
            for _ in range(_REPEATED):
                await read(pipeline)
            costs[name] = (time.process_time() - began) / _REPEATED * 1e6
        return costs
