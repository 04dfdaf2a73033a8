"""The ledger and the stored reports on SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.embedded.database import Database
from shared.errors import DayClosed
from shared.events.envelope import format_time, parse_time
from shared.usage.correction import CORRECTIONS, Correction, correction_adjustments
from shared.usage.ledger import Books, BooksChanged, CorrectionPage, DayCounts, LedgerRow, Page, adjustments
from shared.usage.report import UsageReport

_ROW: TypeAdapter[LedgerRow] = TypeAdapter(LedgerRow)
_CORRECTION: TypeAdapter[Correction] = TypeAdapter(Correction)
_REPORT: TypeAdapter[UsageReport] = TypeAdapter(UsageReport)

_A_ROW = "SELECT document FROM ledger_rows WHERE tenant_id = ? AND month = ? AND key = ?"
_A_CORRECTION = "SELECT document FROM ledger_corrections WHERE tenant_id = ? AND month = ? AND id = ?"
_A_MONTH = "SELECT posts, closed_at FROM ledger_months WHERE tenant_id = ? AND month = ?"


class EmbeddedLedger:
    """Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        def work(connection: sqlite3.Connection) -> None:
            found = connection.execute(_A_ROW, (tenant_id, row.month, row.key)).fetchone()
            old = _ROW.validate_json(found["document"]) if found else None
            if old is not None and old.revision >= row.revision:
                return
            _count_posting(connection, tenant_id, row.month, min(row.day, old.day) if old else row.day)
            connection.execute(
                "INSERT INTO ledger_rows (tenant_id, month, key, excluded, document) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET excluded = excluded.excluded, document = excluded.document",
                (tenant_id, row.month, row.key, row.excluded, row.to_json()),
            )
            for day, counts in adjustments(old, row).items():
                _adjust(connection, tenant_id, row.month, day, counts)

        await self._database.write(work)

    async def correct(self, tenant_id: str, correction: Correction) -> None:
        month = correction.month

        def work(connection: sqlite3.Connection) -> None:
            found = connection.execute(_A_CORRECTION, (tenant_id, month, correction.id)).fetchone()
            old = _CORRECTION.validate_json(found["document"]) if found else None
            if old is not None and old.revision >= correction.revision:
                return
            _count_posting(connection, tenant_id, month, month)
            connection.execute(
                "INSERT INTO ledger_corrections (tenant_id, month, id, stands, document) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET stands = excluded.stands, document = excluded.document",
                (tenant_id, month, correction.id, bool(correction.changes), correction.to_json()),
            )
            _adjust(connection, tenant_id, month, CORRECTIONS, correction_adjustments(old, correction))

        await self._database.write(work)

    async def books(self, tenant_id: str, month: str) -> Books:
        partition = (tenant_id, month)
        sql = "SELECT day, measure, dimension, count FROM ledger_days WHERE tenant_id = ? AND month = ? AND count <> 0"
        # The stamp is read first: a posting in between makes it an old one, by which nothing is closed.
        found, counters = self._database.query(_A_MONTH, partition), self._database.query(sql, partition)
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
        def work(connection: sqlite3.Connection) -> None:
            _refuse_other_books(connection, tenant_id, month, books)
            connection.execute(
                "INSERT INTO ledger_months (tenant_id, month, posts, closed_at) VALUES (?, ?, 0, ?)"
                " ON CONFLICT DO UPDATE SET closed_at = excluded.closed_at",
                (tenant_id, month, format_time(at)),
            )

        await self._database.write(work)

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            _refuse_other_books(connection, tenant_id, month, books)
            for day, counters in counts.items():
                _count_posting(connection, tenant_id, month, day)
                sql = "DELETE FROM ledger_days WHERE tenant_id = ? AND month = ? AND day = ?"
                connection.execute(sql, (tenant_id, month, day))
                _adjust(connection, tenant_id, month, day, counters)

        await self._database.write(work)

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        found = self._database.query(_A_ROW, (tenant_id, month, key))
        return _ROW.validate_json(found[0]["document"]) if found else None

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        condition = {
            None: "(excluded IS NULL OR excluded <> 'moved')",
            True: "excluded IS NULL",
            False: "excluded <> 'moved'",
        }[counted]
        rows = self._database.query(
            f"SELECT key, document FROM ledger_rows WHERE tenant_id = ? AND month = ? AND key > ? AND {condition}"  # noqa: S608  # a constant
            " ORDER BY key LIMIT ?",
            (tenant_id, month, after or "", limit + 1),
        )
        more = rows[limit - 1]["key"] if len(rows) > limit else None
        return Page([_ROW.validate_json(row["document"]) for row in rows[:limit]], more)

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        found = self._database.query(_A_CORRECTION, (tenant_id, month, correction_id))
        return _CORRECTION.validate_json(found[0]["document"]) if found else None

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        rows = self._database.query(
            "SELECT id, document FROM ledger_corrections WHERE tenant_id = ? AND month = ? AND id > ? AND stands"
            " ORDER BY id LIMIT ?",
            (tenant_id, month, after or "", limit + 1),
        )
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return CorrectionPage([_CORRECTION.validate_json(row["document"]) for row in rows[:limit]], more)

    async def months(self, tenant_id: str) -> Sequence[str]:
        sql = "SELECT month FROM ledger_months WHERE tenant_id = ? ORDER BY month"
        return [row["month"] for row in self._database.query(sql, (tenant_id,))]


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


def _refuse_other_books(connection: sqlite3.Connection, tenant_id: str, month: str, books: Books) -> None:
    """Raises BooksChanged if the month is closed, or was posted to since its books were read."""
    found = connection.execute(_A_MONTH, (tenant_id, month)).fetchone()
    posts, closed_at = (found["posts"], found["closed_at"]) if found else (0, None)
    if closed_at is not None or str(posts) != books.stamp:
        raise BooksChanged


def _count_posting(connection: sqlite3.Connection, tenant_id: str, month: str, day: str) -> None:
    """Count one more posting to the month. Raises DayClosed if the month is closed."""
    counted = connection.execute(
        "INSERT INTO ledger_months (tenant_id, month, posts) VALUES (?, ?, 1)"
        " ON CONFLICT DO UPDATE SET posts = posts + 1 WHERE closed_at IS NULL",
        (tenant_id, month),
    )
    if counted.rowcount != 1:
        raise DayClosed(day)


def _adjust(connection: sqlite3.Connection, tenant_id: str, month: str, day: str, steps: DayCounts) -> None:
    connection.executemany(
        "INSERT INTO ledger_days (tenant_id, month, day, measure, dimension, count) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(tenant_id, month, day, measure, dimension, step) for (measure, dimension), step in steps.items()],
    )
