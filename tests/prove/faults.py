"""Proof: whichever one request to Cosmos fails, and however, the books are the same as without the failure.

    python -m tests.prove.faults [EVERY]

For each kind of fault a conversation is recorded again and again: first its first request fails, then its second, until
none is left; with EVERY, only each EVERY-th. It needs the endpoints of the tests: `python -m tests.standins --
COMMAND` starts stand-ins.
"""

import asyncio
import sys
import time
from itertools import count

import stamina

from tests.azure.databases import Stores, fresh_database
from tests.azure.faults import KINDS, Kind
from tests.azure.under_faults import books_without_faults, recorded
from tests.prove.endpoints import COSMOS, unproven

OTHER = "with other books"


async def _differing(kind: Kind, every: int, stores: type[Stores]) -> tuple[int, list[int]]:
    """How many runs there were, and at which requests a fault led to other books."""
    expected = {**await books_without_faults(), "differences": []}
    other: list[int] = []
    for run in count():
        n = 1 + run * every
        async with fresh_database() as database:
            injected, books = await recorded(database, kind, kind.at_only(n), stores)
        if not injected:
            return run, other
        if books != expected:
            other.append(n)
    raise AssertionError("a conversation takes a finite number of requests")


def of_all(every: int, stores: type[Stores] = Stores) -> tuple[int, int]:
    """(runs, those with other books) with all kinds of faults."""
    # Retries come at once, three of them, and are not told: there are thousands.
    stamina.instrumentation.set_on_retry_hooks([])
    with stamina.set_testing(True, attempts=3):
        return asyncio.run(_all(every, stores))


async def _all(every: int, stores: type[Stores]) -> tuple[int, int]:
    runs = wrong = 0
    for kind in KINDS:
        of_kind, other = await _differing(kind, every, stores)
        runs, wrong = runs + of_kind, wrong + len(other)
        if other:
            print(f"  {kind.name}: other books after a fault at request {', '.join(map(str, other))}")
    return runs, wrong


def main(every: int = 1) -> int:
    """Print the figure; 0 if it is 0, or cannot be measured and need not be."""
    if (status := unproven("faults", COSMOS)) is not None:
        return status
    began = time.monotonic()
    runs, wrong = of_all(every)
    seconds = time.monotonic() - began
    print(f"faults: {runs} runs with {len(KINDS)} kinds of faults, {wrong} {OTHER}, {seconds:.0f} s")
    return int(not runs or wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
