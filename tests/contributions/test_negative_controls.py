"""Each test of the contributions' promises fails for a store that breaks the promise."""

from datetime import datetime, timedelta

import pytest

from shared.clock import MovableClock
from shared.contributions.row import Row, Total
from shared.usage.ledger import SESSIONS, LedgerRow
from tests.contract import test_rows
from tests.contributions.test_tombstones import (
    NOW,
    check_a_performer_that_stalled_brings_nothing_back_for_seven_days,
    check_totals_are_a_recount_of_their_rows_though_tombstones_end,
)
from tests.fakes import MemoryLedger, MemoryRows
from tests.usage.test_ledger_row import row as ledger_row


class TakesEveryRow(MemoryRows):
    """Lets a row of any revision replace the one that is there."""

    async def put(self, tenant_id: str, total: Total, row: Row) -> int:
        self.write(tenant_id, total, row)
        return 0


async def test_a_lower_revision_replaces_a_row() -> None:
    with pytest.raises(AssertionError, match="0 == 3"):
        await test_rows.test_only_a_higher_revision_replaces_a_row(TakesEveryRow())


class ForgetsTombstones(MemoryRows):
    """Removes a row that contributes nothing any more."""

    def write(self, tenant_id: str, total: Total, row: Row) -> None:
        super().write(tenant_id, total, row)
        if row.standing is None:
            self.lose(tenant_id, total, row.key)


async def test_a_tombstone_is_forgotten_at_once() -> None:
    with pytest.raises(AssertionError, match="0 == 3"):
        await test_rows.test_a_tombstone_is_not_listed_and_lets_no_lower_revision_back(ForgetsTombstones())


async def test_a_tombstone_is_forgotten_a_day_too_early() -> None:
    ahead = MovableClock(NOW)
    rows = MemoryRows(ahead)

    class Both(MovableClock):
        def advance(self, by: timedelta) -> datetime:
            ahead.advance(by + timedelta(days=1))
            return super().advance(by)

    with pytest.raises(AssertionError, match="0 == 3"):
        await check_a_performer_that_stalled_brings_nothing_back_for_seven_days(rows, Both(NOW))


class KeepsOneTotal(MemoryRows):
    """Does not tell policies apart."""

    def write(self, tenant_id: str, total: Total, row: Row) -> None:
        super().write(tenant_id, total.model_copy(update={"policy": ""}), row)

    def stored(self, tenant_id: str, total: Total, key: str) -> Row | None:
        return super().stored(tenant_id, total.model_copy(update={"policy": ""}), key)


async def test_a_policys_row_replaces_anothers() -> None:
    with pytest.raises(AssertionError, match=r"\[\] == \[Row"):
        await test_rows.test_totals_and_tenants_never_see_each_others_rows(KeepsOneTotal())


class ForgetsToTakeAway(MemoryLedger):
    """Removes the row before another one replaces it, so that its counters stay."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        old = await self.row(tenant_id, row.month, row.key)
        if old and old.revision < row.revision:
            self.lose(tenant_id, SESSIONS, row.month, row.key)
        return await super().post(tenant_id, row)


async def test_what_a_tombstone_takes_away_stays_counted() -> None:
    posts = [(ledger_row(), 0), (ledger_row(revision=2, excluded="moved"), 0)]
    with pytest.raises(AssertionError, match="2026-10-05"):
        await check_totals_are_a_recount_of_their_rows_though_tombstones_end(
            ForgetsToTakeAway(), MovableClock(NOW), posts
        )
