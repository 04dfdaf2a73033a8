"""Proof: what is invoiced over all months is each month rated with its own pool, whatever comes late, and in both ways.

    python -m tests.prove.corrections [MONTHS]

Without an argument: 2,000 closed months, six of each tenant, with late facts before and after their closing.
"""

import asyncio
import multiprocessing
import sys

from tests.fakes import MemoryLedger
from tests.usage.random_months import MONTHS, differing

DIFFERENT = "sums that differ"
CLOSED_MONTHS = 2_000


def of_seed(seed: int) -> tuple[int, int, int]:
    """The sums that differ, the closed months, and the corrections of one seed."""
    return asyncio.run(differing(seed, MemoryLedger()))


def main(months: int = CLOSED_MONTHS) -> int:
    """Print the figure; 0 if no sum differs."""
    seeds = range(-(-months // (len(MONTHS) - 1)))
    with multiprocessing.Pool(2) as pool:
        found = pool.map(of_seed, seeds, chunksize=8)
    wrong, closed, corrections = (sum(one[n] for one in found) for n in range(3))
    print(f"corrections: {closed} closed months, {corrections} corrections, {wrong} {DIFFERENT}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
