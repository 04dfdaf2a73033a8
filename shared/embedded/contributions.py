"""Rows with revisions on SQLite."""

import sqlite3
from collections.abc import Sequence

from shared.clock import Clock, SystemClock
from shared.contributions.row import TOMBSTONE_KEPT, Row, RowPage, Total, page_of
from shared.embedded.database import Database

_OF_TOTAL = "tenant_id = ? AND kind = ? AND policy = ? AND period = ?"
_A_ROW = f"SELECT key, revision, standing, content FROM contributions WHERE {_OF_TOTAL} AND key = ?"  # noqa: S608  # a constant


class EmbeddedRows:
    """Implements `Rows`. Tombstones end by the machine's clock, whatever clock the conversations have."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def put(self, tenant_id: str, total: Total, row: Row) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return row.kept_out_by(self.write(connection, tenant_id, total, row))

        return await self._database.write(work)

    def write(self, connection: sqlite3.Connection, tenant_id: str, total: Total, row: Row) -> Row | None:
        """Do as `put` within a transaction. Returns the row that was stored before."""
        now = self._clock.now()
        connection.execute("DELETE FROM contributions WHERE kept_until <= ?", (now.timestamp(),))
        place = (*_place(tenant_id, total), row.key)
        found = connection.execute(_A_ROW, place).fetchone()
        old = _row(found) if found else None
        if not row.replaces(old):
            return old
        kept_until = None if row.standing else (now + TOMBSTONE_KEPT).timestamp()
        connection.execute(
            "INSERT INTO contributions"
            " (tenant_id, kind, policy, period, key, revision, standing, kept_until, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET revision = excluded.revision, standing = excluded.standing,"
            " kept_until = excluded.kept_until, content = excluded.content",
            (*place, row.revision, row.standing, kept_until, row.content),
        )
        return old

    async def row(self, tenant_id: str, total: Total, key: str) -> Row | None:
        found = self._database.query(
            f"{_A_ROW} AND (kept_until IS NULL OR kept_until > ?)",
            (*_place(tenant_id, total), key, self._clock.now().timestamp()),
        )
        return _row(found[0]) if found else None

    async def rows(
        self, tenant_id: str, total: Total, standings: Sequence[str], after: str | None, limit: int
    ) -> RowPage:
        found = self._database.query(
            f"SELECT key, revision, standing, content FROM contributions WHERE {_OF_TOTAL} AND key > ?"  # noqa: S608  # constants
            f" AND standing IN ({', '.join('?' * len(standings))}) ORDER BY key LIMIT ?",
            (*_place(tenant_id, total), after or "", *standings, limit + 1),
        )
        return page_of([_row(row) for row in found], limit)


def _place(tenant_id: str, total: Total) -> tuple[str, str, str, str]:
    return tenant_id, total.kind, total.policy, total.period


def _row(found: sqlite3.Row) -> Row:
    return Row(key=found["key"], revision=found["revision"], standing=found["standing"], content=found["content"])
