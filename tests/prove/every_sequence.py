"""Proof: 5,040 orders x 128 subsets of duplicates of a seven-fact conversation give one result.

    python -m tests.prove.every_sequence [STEP]

With a STEP, only every STEP-th order is taken.

Sequences that begin alike share their beginning: each continues on a copy of the stores as the deliveries before left
them. So every delivery finds the stores of its own sequence, but is not repeated for each continuation. Of each order
one sequence is delivered anew to empty stores, and must leave the same in them.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from itertools import permutations
from typing import Any

from shared.events.catalog import Event
from tests.conversations.pipelines import STORES, InMemory
from tests.conversations.test_every_order import SEVEN

DIFFERENT = "with another outcome"
SUBSETS = 2 ** len(SEVEN)


@cache
def orders() -> list[tuple[Event, ...]]:
    return list(permutations(SEVEN))


def _run(number: int) -> tuple[int, int]:
    return asyncio.run(differing(number))


async def differing(number: int, empty: Callable[[], InMemory] = InMemory) -> tuple[int, int]:
    """(sequences, wrong ones) of one order with every subset of duplicates. `empty` makes a pipeline to record in."""
    order, sequences, wrong = orders()[number], 0, 0
    expected = await (await _delivered(SEVEN, empty)).outcome()
    async for repeated, pipeline in _with_duplicates(order, empty):
        right = await pipeline.outcome() == expected and await pipeline.books_balance()
        if sequences == number % SUBSETS:
            right = right and _left(pipeline) == _left(await _delivered([*order, *repeated], empty))
        sequences += 1
        wrong += not right
    return sequences, wrong


async def _delivered(events: Sequence[Event], empty: Callable[[], InMemory]) -> InMemory:
    pipeline = await empty().configured()
    await pipeline.record(*events)
    return pipeline


async def _with_duplicates(
    order: Sequence[Event], empty: Callable[[], InMemory]
) -> AsyncIterator[tuple[Sequence[Event], InMemory]]:
    """Each subset of the events that comes twice, and the pipeline after it.

    A duplicate comes after the whole sequence, when its first delivery is long recorded.
    """
    ahead: list[tuple[Sequence[Event], Sequence[Event], InMemory]] = [((), order, await _delivered(order, empty))]
    while ahead:
        repeated, left, pipeline = ahead.pop()
        yield repeated, pipeline
        for n, event in enumerate(left):
            further = pipeline.copied()
            await further.record(event)
            ahead.append(([*repeated, event], left[n + 1 :], further))


def _left(pipeline: InMemory) -> list[dict[str, Any]]:
    """All that the stores hold, revisions and ETags included."""
    return [vars(getattr(pipeline, name)) for name in STORES]


def main(step: int = 1) -> int:
    """Print the figure; 0 if every sequence gave the same."""
    with multiprocessing.Pool(2) as pool:
        parts = pool.map(_run, range(0, len(orders()), step), chunksize=10)
    sequences, wrong = (sum(part[n] for part in parts) for n in (0, 1))
    print(f"every sequence: {sequences} sequences of facts and duplicates, {wrong} {DIFFERENT}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
