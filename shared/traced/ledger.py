"""The ledger and the stored reports, each call a span."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.errors import DayClosed
from shared.traced.calls import Calls
from shared.usage.correction import Correction
from shared.usage.ledger import Books, BooksChanged, CorrectionPage, DayCounts, Ledger, LedgerRow, Page
from shared.usage.monthly_usage import UsageReports
from shared.usage.report import UsageReport


@dataclass(frozen=True)
class TracedLedger:
    """A Ledger."""

    ledger: Ledger
    calls: Calls

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        with self.calls.call("post", tenant_id, row.key, expected=(DayClosed,)):
            await self.ledger.post(tenant_id, row)

    async def correct(self, tenant_id: str, correction: Correction) -> None:
        with self.calls.call("correct", tenant_id, correction.key, expected=(DayClosed,)):
            await self.ledger.correct(tenant_id, correction)

    async def books(self, tenant_id: str, month: str) -> Books:
        with self.calls.call("books", tenant_id):
            return await self.ledger.books(tenant_id, month)

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        with self.calls.call("close", tenant_id, expected=(BooksChanged,)):
            await self.ledger.close(tenant_id, month, books, at)

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        with self.calls.call("restate", tenant_id, expected=(BooksChanged,)):
            await self.ledger.restate(tenant_id, month, books, counts)

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        with self.calls.call("row", tenant_id, key):
            return await self.ledger.row(tenant_id, month, key)

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        with self.calls.call("rows", tenant_id):
            return await self.ledger.rows(tenant_id, month, counted, after, limit)

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        with self.calls.call("correction", tenant_id):
            return await self.ledger.correction(tenant_id, month, correction_id)

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        with self.calls.call("corrections", tenant_id):
            return await self.ledger.corrections(tenant_id, month, after, limit)

    async def months(self, tenant_id: str) -> Sequence[str]:
        with self.calls.call("months", tenant_id):
            return await self.ledger.months(tenant_id)


@dataclass(frozen=True)
class TracedReports:
    """The UsageReports."""

    reports: UsageReports
    calls: Calls

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        with self.calls.call("latest", tenant_id):
            return await self.reports.latest(tenant_id, month)

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        with self.calls.call("add", tenant_id):
            await self.reports.add(tenant_id, report)
