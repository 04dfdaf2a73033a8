"""20,000 sessions in random order, some of them twice or late, at the edges of months: not one is counted wrong."""

from pathlib import Path

import pytest

from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.usage.correction import correction_count
from tests.usage.random_sessions import CLOSED_AT, TENANT, Witness, block, counted, deliver, living_in


@pytest.mark.slow
async def test_ledger_recount_and_an_independent_count_agree(tmp_path: Path) -> None:
    # Given 20,000 sessions around October, of which something comes in time, and in any order
    sessions = block(1, 20_000, living_in())
    database = Database(tmp_path / "patchbay.db")
    ledger = EmbeddedLedger(database)
    await deliver(ledger, sessions.timely)
    # When September and October are closed, and the rest comes late
    closed = {}
    for month in ("2026-09", "2026-10"):
        await ledger.close(TENANT, month, await ledger.books(TENANT, month), CLOSED_AT)
        closed[month] = await ledger.books(TENANT, month)
    await deliver(ledger, sessions.late)
    # Then what is closed has not changed, and books, rows and corrections tell what happened
    assert {month: await ledger.books(TENANT, month) for month in closed} == closed
    witness = Witness()
    witness.record(sessions.happened)
    totals, wrong = await counted(ledger)
    assert wrong == 0
    assert totals == witness.count()
    assert correction_count((await ledger.books(TENANT, "2026-11")).corrections) > 500
    await database.close()
