"""Lists of conversations on SQLite: what is kept of a head for them, and a page by one index."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from shared.conversations.documents import read_head
from shared.conversations.lists import (
    Listed,
    Position,
    Selection,
    after_key,
    key_named,
    microseconds,
    moment_of,
    position,
)
from shared.conversations.ports import HeadPage
from shared.embedded.database import Database

MOST_EXAMINED = 1000
"""The most heads that a page looks at where it takes more than one filter: some milliseconds, by the slowest index."""


def columns(one: Listed) -> dict[str, Any]:
    """The columns of `heads` by which lists are filtered and sorted."""
    return {**one.values, **_times(one)}


def put_warnings(connection: sqlite3.Connection, tenant_id: str, key: str, one: Listed) -> None:
    """Replace the rows of the head's warnings."""
    connection.execute("DELETE FROM warnings WHERE tenant_id = ? AND key = ?", (tenant_id, key))
    if one.warnings:
        times = tuple(_times(one).values())
        connection.executemany(
            "INSERT INTO warnings (tenant_id, key, warning, started, activity, waiting) VALUES (?, ?, ?, ?, ?, ?)",
            [(tenant_id, key, warning, *times) for warning in one.warnings],
        )


def page(database: Database, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
    """A page of the list. Raises InvalidRequest for an unknown continuation."""
    if selection.sort == "key":
        return _page_by_key(database, tenant_id, selection.named, after, limit)
    query = Query(tenant_id, selection, position(after) if after is not None else None)
    with database.one_moment():
        rows = database.query(*query.heads(limit + 1))
        last = database.query(*query.last_examined()) if query.others and len(rows) <= limit else []
    heads = [read_head(row["document"]) for row in rows[:limit]]
    if len(rows) > limit:
        return HeadPage(heads, _position_of(rows[limit - 1]).text())
    return HeadPage(heads, _position_of(last[0]).text() if last else None)


class Query:
    """The statements of one page that is sorted by time.

    One index has the heads that the most selective filter leaves, in the list's order. The other filters pass over some
    of them, until the page is full or `MOST_EXAMINED` heads were examined.
    """

    def __init__(self, tenant_id: str, selection: Selection, after: Position | None) -> None:
        # Only what is open waits, so the index by state has no more of that than one of all states would.
        leading = selection.leading or ("state" if selection.sort == "waiting" else None)
        by_warning = leading == "warning"
        self._moment = f"leading.{selection.sort}" if by_warning else f"heads.{selection.sort}"
        self._direction = "DESC" if selection.newest_first else "ASC"
        if by_warning:
            warnings = f"warnings AS leading INDEXED BY warnings_by_{selection.sort}"
            self._source = f"{warnings} CROSS JOIN heads USING (tenant_id, key)"
        else:
            self._source = f"heads INDEXED BY {'_'.join(filter(None, ('heads_by', leading, selection.sort)))}"
        self._bounds = [
            "tenant_id = :tenant",
            *([f"{self._moment} IS NOT NULL"] if selection.sort == "waiting" else []),
        ]
        self.others: list[str] = []
        self._parameters: dict[str, Any] = {"tenant": tenant_id, **selection.named}
        for name in selection.filters:
            (self._bounds if name == leading else self.others).append(f"{name} = :{name}")
        if leading == "state":
            self._parameters.setdefault("state", "open")
            self._bounds += [] if "state" in selection.filters else ["state = :state"]
        self._bound_times(selection, after)

    def heads(self, limit: int) -> tuple[str, dict[str, Any]]:
        """Selects moment, key and document of the page's heads, at most so many."""
        parameters = {**self._parameters, "limit": limit}
        if not self.others:
            return f"{self._examined('document')} LIMIT :limit", parameters
        left = f"CASE WHEN {' AND '.join(self.others)} THEN document END AS document"
        sql = f"SELECT * FROM ({self._examined(left)} LIMIT {MOST_EXAMINED}) WHERE document IS NOT NULL LIMIT :limit"  # noqa: S608  # no input
        return sql, parameters

    def last_examined(self) -> tuple[str, dict[str, Any]]:
        """Selects moment and key of the last head that the page may examine, if there are so many."""
        return f"{self._examined('1')} LIMIT 1 OFFSET {MOST_EXAMINED - 1}", self._parameters

    def _bound_times(self, selection: Selection, after: Position | None) -> None:
        """Add the bounds of the start, before which no other time of a conversation is, and the place of the page.

        The index is read from one bound to another. Of two at the same side SQLite would use either, so the outer one
        is left out.
        """
        since, until, moment = selection.since, selection.until, self._moment
        if selection.sort != "started":
            self.others += [] if since is None else ["heads.started >= :since"]
            self.others += [] if until is None else ["heads.started < :until"]
        low = None if since is None else f"{moment} >= :since"
        high = None if until is None or selection.sort != "started" else f"{moment} < :until"
        if after is not None and selection.newest_first and (high is None or until is None or after.moment < until):
            high = f"({moment}, key) < (:after, :after_key)"
        if after is not None and not selection.newest_first and (since is None or after.moment >= since):
            low = f"({moment}, key) > (:after, :after_key)"
        self._bounds += filter(None, (low, high))
        times = {"since": since, "until": until, "after": after and after.moment}
        self._parameters |= {name: microseconds(time) for name, time in times.items() if time is not None}
        self._parameters |= {"after_key": after.key} if after else {}

    def _examined(self, selected: str) -> str:
        order = f"{self._moment} {self._direction}, key {self._direction}"
        selection = f"SELECT {self._moment} AS moment, key, {selected} FROM {self._source}"  # noqa: S608  # no input
        return f"{selection} WHERE {' AND '.join(self._bounds)} ORDER BY {order}"


def _page_by_key(
    database: Database, tenant_id: str, filters: Mapping[str, str], after: str | None, limit: int
) -> HeadPage:
    customer = "AND customer = :customer" if filters else ""
    sql = f"SELECT key, document FROM heads WHERE tenant_id = :tenant {customer} AND key > :after"  # noqa: S608  # a constant
    parameters = {"tenant": tenant_id, "after": key_named(after), "limit": limit + 1, **filters}
    rows = database.query(f"{sql} ORDER BY key LIMIT :limit", parameters)
    more = after_key(rows[limit - 1]["key"]) if len(rows) > limit else None
    return HeadPage([read_head(row["document"]) for row in rows[:limit]], more)


def _times(one: Listed) -> dict[str, int | None]:
    return {
        "started": microseconds(one.started),
        "activity": microseconds(one.activity),
        "waiting": microseconds(one.waiting) if one.waiting else None,
    }


def _position_of(row: sqlite3.Row) -> Position:
    return Position(moment_of(row["moment"]), row["key"])
