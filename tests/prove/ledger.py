"""Proof: in whatever order rows come, twice or after the closing, the ledger counts what happened; and what that costs.

    python -m tests.prove.ledger [SEEDS [SESSIONS]]

Without arguments: 50 seeds of 20,000 sessions, each in a ledger of its own; 1,000,000 sessions in one ledger; the
memory of a recount of 1,000,000 rows; and what 5,000,000 rows of history cost the reports of 200 tenants.
"""

import asyncio
import multiprocessing
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.usage.correction import correction_count
from shared.usage.ledger import Ledger
from tests.fakes import MemoryLedger
from tests.prove.history import costs
from tests.usage.random_sessions import CLOSED_AT, TENANT, Delivery, Witness, block, counted, deliver, living_in

DIFFERENT = "counters that differ"
SEEDS, SESSIONS = 50, 20_000
_CLOSED = ("2026-09", "2026-10")


async def differing(ledger: Ledger, seeds: Iterable[int], sessions: int) -> tuple[int, int]:
    """Deliver the sessions of all seeds to one ledger, and close it before the late rows.

    Returns how many counters differ (the ledger's from what happened or from a recount, closed ones from what they
    were), and how many corrections there are.
    """
    versions, witness = living_in(), Witness()
    late: list[Delivery] = []
    for seed in seeds:
        made = block(seed, sessions, versions)
        witness.record(made.happened)
        await deliver(ledger, made.timely)
        late += made.late
    closed = {}
    for month in _CLOSED:
        await ledger.close(TENANT, month, await ledger.books(TENANT, month), CLOSED_AT)
        closed[month] = await ledger.books(TENANT, month)
    await deliver(ledger, late)
    totals, wrong = await counted(ledger)
    truth = witness.count()
    wrong += sum(totals[name] != truth[name] for name in {*totals, *truth})
    wrong += sum([await ledger.books(TENANT, month) != books for month, books in closed.items()])
    return wrong, correction_count((await ledger.books(TENANT, "2026-11")).corrections)


@asynccontextmanager
async def _embedded() -> AsyncIterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "patchbay.db")
        try:
            yield EmbeddedLedger(database)
        finally:
            await database.close()


def of_seeds(seeds: int, sessions: int) -> bool:
    """Print the figure of many ledgers. True if it is 0."""
    found = [asyncio.run(differing(MemoryLedger(), [seed], sessions)) for seed in range(seeds)]
    wrong, corrections = (sum(one[n] for one in found) for n in (0, 1))
    told = f"{seeds} seeds of {sessions} sessions, {corrections} corrections"
    print(f"ledger: {told}, {wrong} {DIFFERENT}", flush=True)
    return wrong == 0


def of_one(sessions: int) -> bool:
    """Print the figure of one large ledger. True if it is 0."""

    async def run() -> tuple[int, int]:
        async with _embedded() as ledger:
            return await differing(ledger, range(1000, 1000 + sessions // SESSIONS), SESSIONS)

    wrong, corrections = asyncio.run(run())
    print(f"ledger: {sessions} sessions in one, {corrections} corrections, {wrong} {DIFFERENT}", flush=True)
    return wrong == 0


def main(seeds: int = SEEDS, sessions: int = SESSIONS) -> int:
    """Print the figures; 0 if none is beyond its limit."""
    if (seeds, sessions) != (SEEDS, SESSIONS):
        return int(not of_seeds(seeds, sessions))
    with multiprocessing.Pool(2) as pool:
        runs = [pool.apply_async(of_seeds, (seeds, sessions)), pool.apply_async(of_one, (seeds * sessions,))]
        right = [run.get() for run in runs]
    return int(not (all(right) and costs()))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
