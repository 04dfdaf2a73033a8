"""The ledger and the stored reports on SQLite."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from shared.embedded.database import Database
from shared.usage.ledger import DayCounts, LedgerRow, Page, adjustments
from shared.usage.report import UsageReport

_ROW: TypeAdapter[LedgerRow] = TypeAdapter(LedgerRow)
_REPORT: TypeAdapter[UsageReport] = TypeAdapter(UsageReport)


class EmbeddedLedger:
    """Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        def work(connection: sqlite3.Connection) -> None:
            old = _stored(connection, tenant_id, row)
            if old is not None and old.revision >= row.revision:
                return
            connection.execute(
                "INSERT INTO ledger_rows (tenant_id, month, key, excluded, document) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET excluded = excluded.excluded, document = excluded.document",
                (tenant_id, row.month, row.key, row.excluded, row.to_json()),
            )
            connection.executemany(
                "INSERT INTO ledger_days (tenant_id, month, day, measure, dimension, count) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [
                    (tenant_id, row.month, day, measure, dimension, step)
                    for day, counts in adjustments(old, row).items()
                    for (measure, dimension), step in counts.items()
                ],
            )

        await self._database.write(work)

    async def days(self, tenant_id: str, month: str) -> Mapping[str, DayCounts]:
        days: dict[str, Counter[tuple[str, str]]] = {}
        for row in self._database.query(
            "SELECT day, measure, dimension, count FROM ledger_days WHERE tenant_id = ? AND month = ? AND count <> 0",
            (tenant_id, month),
        ):
            days.setdefault(row["day"], Counter())[row["measure"], row["dimension"]] = row["count"]
        return days

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        wanted = {
            None: "(excluded IS NULL OR excluded <> 'moved')",
            True: "excluded IS NULL",
            False: "excluded <> 'moved'",
        }[counted]
        rows = self._database.query(
            f"SELECT key, document FROM ledger_rows WHERE tenant_id = ? AND month = ? AND key > ? AND {wanted}"  # noqa: S608  # a constant
            " ORDER BY key LIMIT ?",
            (tenant_id, month, after or "", limit + 1),
        )
        more = rows[limit - 1]["key"] if len(rows) > limit else None
        return Page([_ROW.validate_json(row["document"]) for row in rows[:limit]], more)

    async def months(self, tenant_id: str) -> Sequence[str]:
        # Jumps from month to month in the index; DISTINCT would read every row that the tenant ever had.
        sql = (
            "WITH RECURSIVE months (month) AS (SELECT min(month) FROM ledger_rows WHERE tenant_id = :tenant"
            " UNION ALL SELECT (SELECT min(month) FROM ledger_rows WHERE tenant_id = :tenant AND month > months.month)"
            " FROM months WHERE months.month IS NOT NULL)"
            " SELECT month FROM months WHERE month IS NOT NULL"
        )
        return [row["month"] for row in self._database.query(sql, {"tenant": tenant_id})]


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
        parameters = (tenant_id, report.month, report.version, report.to_json())
        await self._database.write(lambda connection: connection.execute(sql, parameters))


def _stored(connection: sqlite3.Connection, tenant_id: str, row: LedgerRow) -> LedgerRow | None:
    sql = "SELECT document FROM ledger_rows WHERE tenant_id = ? AND month = ? AND key = ?"
    found = connection.execute(sql, (tenant_id, row.month, row.key)).fetchone()
    return _ROW.validate_json(found["document"]) if found else None
