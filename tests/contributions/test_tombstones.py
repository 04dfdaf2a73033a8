"""A tombstone keeps its revision for seven days; whatever comes back then, totals are what their rows add up to."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.contributions.counters import recount
from shared.contributions.row import Row, Rows, Total
from shared.embedded.contributions import EmbeddedRows
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.recount import differing_days, recounted
from tests.fakes import MemoryLedger, MemoryRows
from tests.usage.test_ledger_row import row as ledger_row

TENANT = "contoso"
TOTAL = Total(kind="item", policy="work", period="queue")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Store = tuple[Rows, Ledger]


@asynccontextmanager
async def _memory(_: Path, clock: MovableClock) -> AsyncIterator[Store]:
    yield MemoryRows(clock), MemoryLedger(clock=clock)


@asynccontextmanager
async def _embedded(folder: Path, clock: MovableClock) -> AsyncIterator[Store]:
    database = Database(folder / "patchbay.db")
    try:
        yield EmbeddedRows(database, clock), EmbeddedLedger(database, clock=clock)
    finally:
        await database.close()


STORES: dict[str, Callable[[Path, MovableClock], AbstractAsyncContextManager[Store]]] = {
    "memory": _memory,
    "embedded": _embedded,
}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path, clock) as made:
        yield made


def item(revision: int, standing: str | None) -> Row:
    return Row(key="c1", revision=revision, standing=standing, content="{}")


async def test_a_performer_that_stalled_brings_nothing_back_for_seven_days(store: Store, clock: MovableClock) -> None:
    await check_a_performer_that_stalled_brings_nothing_back_for_seven_days(store[0], clock)


async def check_a_performer_that_stalled_brings_nothing_back_for_seven_days(rows: Rows, clock: MovableClock) -> None:
    # Given a row that became a tombstone
    await rows.put(TENANT, TOTAL, item(1, "waiting"))
    await rows.put(TENANT, TOTAL, item(3, None))
    # When a lower revision comes within seven days, then it is kept out
    clock.advance(timedelta(days=7, seconds=-1))
    assert await rows.put(TENANT, TOTAL, item(2, "waiting")) == 3
    assert (await rows.rows(TENANT, TOTAL, ("waiting",), None, 10)).rows == []
    assert await rows.row(TENANT, TOTAL, "c1") == item(3, None)
    # and after that nothing of the tombstone is left
    clock.advance(timedelta(seconds=1))
    assert await rows.row(TENANT, TOTAL, "c1") is None
    assert await rows.put(TENANT, TOTAL, item(1, "waiting")) == 0


async def test_what_contributes_something_is_kept_for_good(store: Store, clock: MovableClock) -> None:
    # Given a tombstone that gave way to a row
    await store[0].put(TENANT, TOTAL, item(1, None))
    await store[0].put(TENANT, TOTAL, item(2, "waiting"))
    clock.advance(timedelta(days=4000))
    await store[0].put(TENANT, Total(kind="item", policy="work", period="another"), item(1, "waiting"))
    assert await store[0].row(TENANT, TOTAL, "c1") == item(2, "waiting")


TENANTS = (f"tenant-{n}" for n in count())
_posts = st.builds(
    lambda key, revision, day, excluded: ledger_row(key, revision, day, excluded=excluded),
    st.sampled_from(["c1", "c2"]),
    st.integers(1, 4),
    st.sampled_from(["2026-10-30", "2026-10-31"]),
    st.sampled_from([None, "no_bot", "moved", "moved"]),
)


@given(posts=st.lists(st.tuples(_posts, st.integers(0, 8)), max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_totals_are_a_recount_of_their_rows_though_tombstones_end(
    store: Store, clock: MovableClock, posts: list[tuple[LedgerRow, int]]
) -> None:
    await check_totals_are_a_recount_of_their_rows_though_tombstones_end(store[1], clock, posts)


async def check_totals_are_a_recount_of_their_rows_though_tombstones_end(
    ledger: Ledger, clock: MovableClock, posts: list[tuple[LedgerRow, int]]
) -> None:
    # Given any posts of any revision, in any order, with days in between in which tombstones may end
    tenant_id = next(TENANTS)
    for row, days in posts:
        await ledger.post(tenant_id, row)
        clock.advance(timedelta(days=days))
        # Then the counters are at every moment what the rows add up to
        books = await ledger.books(tenant_id, "2026-10")
        assert differing_days(books, await recounted(ledger, tenant_id, "2026-10")) == []
        rows = (await ledger.rows(tenant_id, "2026-10", None, None, 10)).rows
        assert recount(rows) == {day: dict(counts) for day, counts in books.days.items()}
