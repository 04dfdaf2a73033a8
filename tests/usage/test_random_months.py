"""Generated months with late facts both ways: what is invoiced is each month rated with its own pool, once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.usage.ledger import Ledger
from tests.fakes import MemoryLedger
from tests.prove import faulty
from tests.usage.random_months import MONTHS, mistakes, played


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_invoiced_is_each_month_rated_with_its_own_pool(seed: int) -> None:
    await check_what_is_invoiced_is_each_month_rated_with_its_own_pool(seed, MemoryLedger())


async def test_a_ledger_on_sqlite_is_invoiced_alike(tmp_path: Path) -> None:
    database = Database(tmp_path / "patchbay.db")
    await check_what_is_invoiced_is_each_month_rated_with_its_own_pool(1, EmbeddedLedger(database))
    await database.close()


async def check_what_is_invoiced_is_each_month_rated_with_its_own_pool(seed: int, ledger: Ledger) -> None:
    # Given months near the edge of their pools, with late facts of them, and of one before the first
    tenant, reports, changed = await played(seed, ledger)
    # Then own overage and all that is due for a month are its rating when all is known, in sum and by bot
    assert mistakes(tenant, reports) == []
    # and closed reports stay what they were
    assert changed == 0
    assert [report.status for report in reports] == ["closed"] * len(MONTHS) + ["open"]
    assert sum(report.correction_count for report in reports) > 10


async def test_what_is_generated_makes_sessions_and_add_ons_due_both_ways() -> None:
    due = [one for seed in range(8) for report in (await played(seed, MemoryLedger()))[1] for one in report.due]
    for found in ({one.sessions for one in due}, {one.add_ons for one in due}):
        assert min(found) < 0 < max(found)
    # also without a session more or less, where bots change
    assert any(one.by_bot and not one.sessions for one in due)


@pytest.mark.parametrize("seen", [faulty.RatesWhereItStands, faulty.ForgetsEarlierCorrections])
async def test_a_month_that_is_rated_otherwise_is_noticed(seen: Callable[[MemoryLedger], Ledger]) -> None:
    tenant, reports, _ = await played(0, MemoryLedger(), seen)
    assert mistakes(tenant, reports) != []
