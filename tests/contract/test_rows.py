"""What every Rows promises: one row a conversation and total, of the highest revision, and tombstones that keep it."""

import asyncio
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contributions.row import Row, Rows, Total

TENANT = "contoso"
ITEMS = Total(kind="item", policy="work", period="queue")
ALL = ("waiting", "taken")


def row(key: str = "c1", revision: int = 1, standing: str | None = "waiting", says: str = "Zoë") -> Row:
    """A row; without a standing it is a tombstone."""
    return Row(key=key, revision=revision, standing=standing, content=f'{{"says": "{says}", "units": [{revision}]}}')


async def listed(rows: Rows, total: Total = ITEMS, tenant_id: str = TENANT) -> list[Row]:
    return list((await rows.rows(tenant_id, total, ALL, None, 1000)).rows)


async def test_a_row_comes_back_as_it_was_put(rows: Rows) -> None:
    assert await rows.row(TENANT, ITEMS, "c1") is None
    assert await rows.put(TENANT, ITEMS, row()) == 0
    assert await rows.row(TENANT, ITEMS, "c1") == row()
    assert await listed(rows) == [row()]


async def test_only_a_higher_revision_replaces_a_row(rows: Rows) -> None:
    # Given a row of revision 3
    await rows.put(TENANT, ITEMS, row(revision=3))
    # When it is put again, then it stands; when another one of this or a lower revision is put, then that is told
    assert await rows.put(TENANT, ITEMS, row(revision=3)) == 0
    for late in (row(revision=1, standing="taken"), row(revision=2, standing=None), row(revision=3, says="else")):
        assert await rows.put(TENANT, ITEMS, late) == 3
    assert await listed(rows) == [row(revision=3)]
    # and a higher one replaces it
    assert await rows.put(TENANT, ITEMS, row(revision=4, standing="taken")) == 0
    assert await listed(rows) == [row(revision=4, standing="taken")]


async def test_a_first_revision_that_comes_again_is_told_who_stands(rows: Rows) -> None:
    await rows.put(TENANT, ITEMS, row())
    assert await rows.put(TENANT, ITEMS, row()) == 0
    assert await rows.put(TENANT, ITEMS, row(says="another life")) == 1
    assert await rows.row(TENANT, ITEMS, "c1") == row()


async def test_of_many_that_write_at_once_the_highest_revision_stands(rows: Rows) -> None:
    await asyncio.gather(*(rows.put(TENANT, ITEMS, row(revision=n)) for n in (3, 1, 9, 4, 9, 7, 2, 8, 1, 6)))
    assert await listed(rows) == [row(revision=9)]


async def test_a_tombstone_is_not_listed_and_lets_no_lower_revision_back(rows: Rows) -> None:
    # Given a row that contributes nothing any more
    await rows.put(TENANT, ITEMS, row(revision=1))
    await rows.put(TENANT, ITEMS, row(revision=3, standing=None))
    # When a performer that stalled puts what was before, then nothing comes back
    assert await rows.put(TENANT, ITEMS, row(revision=2)) == 3
    assert await listed(rows) == []
    assert await rows.row(TENANT, ITEMS, "c1") == row(revision=3, standing=None)
    # and what begins above it is there
    await rows.put(TENANT, ITEMS, row(revision=4))
    assert await listed(rows) == [row(revision=4)]


async def test_totals_and_tenants_never_see_each_others_rows(rows: Rows) -> None:
    # Given one conversation's rows in totals that differ in one member each, and of another tenant
    totals = [
        Total(kind=kind, policy=policy, period=period)
        for kind, policy, period in product(("a", "b"), ("a", "b"), ("2026-10", "2026-11"))
    ]
    places = [(tenant, total) for tenant in (TENANT, "fabrikam") for total in totals]
    for number, (tenant, total) in enumerate(places, 1):
        await rows.put(tenant, total, row(revision=number))
    # Then each has its own
    for number, (tenant, total) in enumerate(places, 1):
        assert await listed(rows, total, tenant) == [row(revision=number)]
        assert await rows.row(tenant, total, "c1") == row(revision=number)


@pytest.mark.parametrize("standings", [("waiting",), ("taken",), ALL])
async def test_rows_come_in_pages_by_standing(rows: Rows, standings: tuple[str, ...]) -> None:
    put = [row(f"c{n}", standing=(*ALL, None)[n % 3]) for n in (7, 3, 9, 0, 1, 5, 8, 2, 4, 6)]
    for one in put:
        await rows.put(TENANT, ITEMS, one)
    expected = sorted((one for one in put if one.standing in standings), key=lambda one: one.key)
    for limit in range(1, 9):
        found: list[Row] = []
        after = None
        for _ in range(12):
            page = await rows.rows(TENANT, ITEMS, standings, after, limit)
            assert len(page.rows) <= limit
            found += page.rows
            if (after := page.continuation) is None:
                break
        assert found == expected


TENANTS = (f"tenant-{n}" for n in count())
_rows = st.builds(row, st.sampled_from(["a", "b"]), st.integers(1, 5), st.sampled_from([*ALL, None]))


@given(puts=st.lists(_rows, max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_in_any_order_the_first_row_of_the_highest_revision_stands(rows: Rows, puts: list[Row]) -> None:
    tenant_id = next(TENANTS)
    standing: dict[str, Row] = {}
    for one in puts:
        known = standing.get(one.key)
        kept_out_by = await rows.put(tenant_id, ITEMS, one)
        if known is None or one.revision > known.revision:
            standing[one.key] = one
        assert kept_out_by == (0 if standing[one.key] == one else standing[one.key].revision)
    assert await listed(rows, tenant_id=tenant_id) == [one for _, one in sorted(standing.items()) if one.standing]
