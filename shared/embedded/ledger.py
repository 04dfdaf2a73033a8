"""The ledger and the stored reports on SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.clock import Clock
from shared.contributions.counters import Counted, adjustments
from shared.contributions.row import Row, Total
from shared.conversations.effect import Contribute, Effect
from shared.embedded.contributions import EmbeddedRows
from shared.embedded.database import Database
from shared.embedded.within_commit import Performed
from shared.errors import DayClosed
from shared.events.envelope import format_time, parse_time
from shared.tenants.configurations import Configurations
from shared.usage.correction import CORRECTIONS
from shared.usage.ledger import Books, BooksChanged, DayCounts, read_row
from shared.usage.ledger_on_rows import LedgerOnRows
from shared.usage.period import first_month
from shared.usage.rating import INVOICED
from shared.usage.report import UsageReport

_REPORT: TypeAdapter[UsageReport] = TypeAdapter(UsageReport)

_A_MONTH = "SELECT posts, closed_at FROM ledger_months WHERE tenant_id = ? AND policy = ? AND month = ?"
_Place = tuple[str, str, str]
"""Tenant, policy and month."""


class EmbeddedLedger(LedgerOnRows):
    """Implements `Ledger` for one policy."""

    _rows: EmbeddedRows

    def __init__(self, database: Database, policy: str = INVOICED.name, clock: Clock | None = None) -> None:
        self._database = database
        self._rows = EmbeddedRows(database, clock)
        self._policy = policy

    async def _put(
        self, tenant_id: str, total: Total, row: Row, new: Counted, counted: Callable[[Row], Counted]
    ) -> int:
        return await self._database.write(
            lambda connection: self._put_within(tenant_id, total, row, new, counted, connection)
        )

    def _put_within(
        self,
        tenant_id: str,
        total: Total,
        row: Row,
        new: Counted,
        counted: Callable[[Row], Counted],
        connection: sqlite3.Connection,
    ) -> int:
        """Do as `_put` within a transaction."""
        place = (tenant_id, self._policy, total.period)
        stored = self._rows.write(connection, tenant_id, total, row)
        if row.replaces(stored):
            old = counted(stored) if stored else None
            _count_posting(connection, place, min(new.heading, old.heading) if old else new.heading)
            for heading, counts in adjustments(old, new).items():
                _adjust(connection, place, heading, counts)
        return row.kept_out_by(stored)

    def post_within(self, connection: sqlite3.Connection, tenant_id: str, total: Total, row: Row) -> int:
        """Do as `post` within a transaction, with a row as it is stored."""
        return self._put_within(tenant_id, total, row, read_row(row), read_row, connection)

    async def books(self, tenant_id: str, month: str) -> Books:
        place = (tenant_id, self._policy, month)
        sql = (
            "SELECT day, measure, dimension, count FROM ledger_days"
            " WHERE tenant_id = ? AND policy = ? AND month = ? AND count <> 0"
        )
        # The stamp is read first: a posting in between makes it an old one, by which nothing is closed.
        found, counters = self._database.query(_A_MONTH, place), self._database.query(sql, place)
        days: dict[str, Counter[tuple[str, str]]] = {}
        for row in counters:
            days.setdefault(row["day"], Counter())[row["measure"], row["dimension"]] = row["count"]
        closed_at = found[0]["closed_at"] if found else None
        return Books(
            corrections=days.pop(CORRECTIONS, Counter()),
            days=days,
            closed_at=parse_time(closed_at) if closed_at else None,
            stamp=str(found[0]["posts"] if found else 0),
        )

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        place = (tenant_id, self._policy, month)

        def work(connection: sqlite3.Connection) -> None:
            _refuse_other_books(connection, place, books)
            connection.execute(
                "INSERT INTO ledger_months (tenant_id, policy, month, posts, closed_at) VALUES (?, ?, ?, 0, ?)"
                " ON CONFLICT DO UPDATE SET closed_at = excluded.closed_at",
                (*place, format_time(at)),
            )

        await self._database.write(work)

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        place = (tenant_id, self._policy, month)

        def work(connection: sqlite3.Connection) -> None:
            _refuse_other_books(connection, place, books)
            for day, counters in counts.items():
                _count_posting(connection, place, day)
                sql = "DELETE FROM ledger_days WHERE tenant_id = ? AND policy = ? AND month = ? AND day = ?"
                connection.execute(sql, (*place, day))
                _adjust(connection, place, day, counters)

        await self._database.write(work)

    async def months(self, tenant_id: str) -> Sequence[str]:
        sql = "SELECT month FROM ledger_months WHERE tenant_id = ? AND policy = ? ORDER BY month"
        return [row["month"] for row in self._database.query(sql, (tenant_id, self._policy))]


class PostedRows:
    """Posts rows within the transaction that commits a conversation: implements `EmbeddedEffect`."""

    def __init__(self, ledger: EmbeddedLedger, configurations: Configurations) -> None:
        self._ledger = ledger
        self._configurations = configurations

    async def performing(self, tenant_id: str, conversation_id: str, effect: Effect) -> Performed:
        """What posts the row of a `Contribute`, if the month is open and no other row stands instead."""
        assert isinstance(effect, Contribute), "only rows are contributed"
        total, row = effect.total, effect.row
        begun = first_month(await self._configurations.of(tenant_id))

        def posted(connection: sqlite3.Connection) -> bool:
            return total.period >= begun and self._ledger.post_within(connection, tenant_id, total, row) == 0

        return posted


class EmbeddedReports:
    """Implements `UsageReports`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        sql = "SELECT document FROM reports WHERE tenant_id = ? AND month = ? ORDER BY version DESC LIMIT 1"
        rows = self._database.query(sql, (tenant_id, month))
        return _REPORT.validate_json(rows[0]["document"]) if rows else None

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        sql = "INSERT INTO reports (tenant_id, month, version, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        parameters: tuple[Any, ...] = (tenant_id, report.month, report.version, report.to_json())
        await self._database.write(lambda connection: connection.execute(sql, parameters))


def _refuse_other_books(connection: sqlite3.Connection, place: _Place, books: Books) -> None:
    """Raises BooksChanged if the month is closed, or was posted to since its books were read."""
    found = connection.execute(_A_MONTH, place).fetchone()
    posts, closed_at = (found["posts"], found["closed_at"]) if found else (0, None)
    if closed_at is not None or str(posts) != books.stamp:
        raise BooksChanged


def _count_posting(connection: sqlite3.Connection, place: _Place, heading: str) -> None:
    """Count one more posting to the month. Raises DayClosed if the month is closed."""
    counted = connection.execute(
        "INSERT INTO ledger_months (tenant_id, policy, month, posts) VALUES (?, ?, ?, 1)"
        " ON CONFLICT DO UPDATE SET posts = posts + 1 WHERE closed_at IS NULL",
        place,
    )
    if counted.rowcount != 1:
        raise DayClosed(heading)


def _adjust(connection: sqlite3.Connection, place: _Place, heading: str, steps: DayCounts) -> None:
    connection.executemany(
        "INSERT INTO ledger_days (tenant_id, policy, month, day, measure, dimension, count)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(*place, heading, measure, dimension, step) for (measure, dimension), step in steps.items()],
    )
