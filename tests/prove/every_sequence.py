"""Proof: 5,040 orders x 128 subsets of duplicates of a seven-fact conversation give one result."""

import asyncio
import multiprocessing
import sys
from itertools import permutations, product

from tests.conversations.pipelines import InMemory
from tests.conversations.test_every_order import SEVEN


async def _wrong(first: int) -> tuple[int, int]:
    """(sequences, wrong ones) among those orders that begin with this fact."""
    pipeline = await InMemory().configured()
    await pipeline.record(*SEVEN)
    expected = await pipeline.outcome()
    sequences = wrong = 0
    for order in permutations(SEVEN):
        if order[0] is not SEVEN[first]:
            continue
        for repeated in product((1, 2), repeat=7):
            # A duplicate comes right after the whole sequence, when its first delivery is long recorded.
            arriving = [*order, *(event for event, times in zip(order, repeated, strict=True) if times == 2)]
            pipeline = await InMemory().configured()
            await pipeline.record(*arriving)
            sequences += 1
            wrong += await pipeline.outcome() != expected
    return sequences, wrong


def _run(first: int) -> tuple[int, int]:
    return asyncio.run(_wrong(first))


def main() -> int:
    """Print the figure; 0 if every sequence gave the same."""
    with multiprocessing.Pool(2) as pool:
        parts = pool.map(_run, range(7), chunksize=1)
    sequences, wrong = (sum(part[n] for part in parts) for n in (0, 1))
    print(f"every sequence: {sequences} sequences of facts and duplicates, {wrong} with another outcome")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
