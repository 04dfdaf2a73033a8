"""Lists on SQLite: whatever is asked for is found by one index, and the work of a page is bounded."""

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from shared.conversations.lists import Filter, Position, Selection, Sort, listed
from shared.embedded import conversation_lists
from shared.embedded.conversation_lists import MOST_EXAMINED, Query
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from tests.contract.test_conversation_lists import NOW, SORTS, VALUES, at, found, head, stored

FILTERS: list[dict[Filter, str]] = [{}, *({name: value} for name, values in VALUES.items() for value in values[:1])]
BOUNDS = [(None, None), (at(0), None), (None, at(5)), (at(0), at(5))]
ALL = [
    (Selection(filters, *bounds, sort), place)
    for filters, sort, bounds, place in product(FILTERS, SORTS, BOUNDS, [None, Position(NOW, "c1")])
]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "patchbay.db")
    yield opened
    await opened.close()


def plan(database: Database, sql: str, parameters: dict[str, object]) -> list[str]:
    return [row["detail"] for row in database.query(f"EXPLAIN QUERY PLAN {sql}", parameters)]


def is_a_seek(steps: list[str]) -> bool:
    """True if every table is searched by an index from the page's place on, and nothing is sorted."""
    first, *others = [step for step in steps if not step.startswith(("CO-ROUTINE", "SCAN (subquery"))]
    joined = all(step.startswith("SEARCH heads") and step.endswith("(tenant_id=? AND key=?)") for step in others)
    return first.startswith("SEARCH") and "_by_" in first and joined and len(others) == ("warnings_by" in first)


async def test_every_filter_with_every_order_is_found_by_an_index_from_its_place_on(database: Database) -> None:
    for selection, place in ALL:
        query = Query("contoso", selection, place)
        for statement in (query.heads(101), query.last_examined()):
            steps = plan(database, *statement)
            assert is_a_seek(steps), (selection, steps)
            # The index is entered by the tenant, the filter, and the page's place.
            sought = next(step for step in steps if step.startswith("SEARCH"))
            assert all(f"{name}=?" in sought for name in selection.filters), sought
            sign = "<" if selection.newest_first else ">"
            assert place is None or f"({selection.sort},key){sign}(?,?)" in sought, sought
            assert selection.since is None or f"{selection.sort}>?" in sought or not selection.newest_first, sought


async def test_a_list_that_no_index_has_would_be_seen(database: Database) -> None:
    # Given the plan of what the lists were before there were indices, and of an order that no index has
    for sql in (
        "SELECT key FROM heads WHERE tenant_id = :tenant AND key > '' AND state = :state ORDER BY key LIMIT 101",
        "SELECT key FROM heads WHERE tenant_id = :tenant AND state = :state ORDER BY activity, document LIMIT 101",
    ):
        assert not is_a_seek(plan(database, sql, {"tenant": "contoso", "state": "open"}))


@pytest.mark.parametrize("sort", SORTS)
async def test_a_page_of_several_filters_ends_where_it_examined_enough(database: Database, sort: Sort) -> None:
    # Given more conversations of a queue than a page examines, of which the first and the last are of a rare channel
    store, count = EmbeddedConversations(database), MOST_EXAMINED + 50
    rare = {0, count - 1}
    channels = ["app" if n in rare else "webchat" for n in range(count)]
    heads = [head("contoso", f"c{n:05}", "open", n, queue="Q", channel=one) for n, one in enumerate(channels)]
    await stored(store, *heads)
    # When those of the queue and the channel are listed
    both = Selection({"queue": "Q", "state": "open", "channel": "app"}, sort=sort)
    page = await store.heads("contoso", both, None, 10)
    # Then a page that passed over many has those before, and says where to go on
    assert (len(page.heads), page.continuation is not None) == (1, True)
    assert sorted(await found(store, "contoso", both)) == [f"c{n:05}" for n in sorted(rare)]
    # and nothing is left out between two pages
    most = Selection({"queue": "Q", "channel": "webchat"}, sort=sort)
    assert len(await found(store, "contoso", most, 100)) == count - 2


@pytest.mark.parametrize("sort", SORTS)
async def test_a_place_outside_of_the_bounds_is_no_way_around_them(database: Database, sort: Sort) -> None:
    # Given conversations of some minutes, and a continuation of a list without bounds
    store = EmbeddedConversations(database)
    await stored(store, *(head("contoso", f"c{n}", "open", n, queue="Q") for n in range(9)))
    whole = Selection(sort=sort)
    for limit in range(1, 9):
        place = (await store.heads("contoso", whole, None, limit)).continuation
        # When it is used for a list with bounds, then no other heads are in the page
        page = await store.heads("contoso", Selection({}, at(3), at(6), sort), place, 10)
        assert {one.conversation.key for one in page.heads} <= {"c3", "c4", "c5"}


async def test_a_column_that_stays_as_it_was_is_not_written_again(database: Database) -> None:
    # Given a head, and the indices of lists that would refuse any change
    store = EmbeddedConversations(database)
    one = head("contoso", "c1", "open", queue="Q", warnings=["unknown_bot"])
    await stored(store, one)
    names = ", ".join(conversation_lists.columns(listed(one)))
    sql = f"CREATE TRIGGER refusing BEFORE UPDATE OF {names} ON heads BEGIN SELECT RAISE(ABORT, 'written'); END"
    await database.write(lambda connection: connection.execute(sql))
    # When the head is saved again, as after its effects were performed, then they are not touched
    saved = await store.save_head("contoso", "c1", one, (await store.load("contoso", "c1")).etag or "")
    assert (await store.load("contoso", "c1")).etag == saved


async def test_a_deleted_conversation_leaves_no_row(database: Database) -> None:
    # Given a conversation with a warning
    store = EmbeddedConversations(database)
    await stored(store, head("contoso", "c1", "open", queue="Q", warnings=["unknown_bot"]))
    # When it is deleted
    await store.delete("contoso", "c1", (await store.load("contoso", "c1")).etag or "")
    # Then no table has it
    tables = [row["name"] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert [table for table in tables if database.query(f"SELECT 1 FROM {table}")] == []
