"""What every ledger has: its rows and corrections are rows of two kinds, which are read alike and put alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from shared.contributions.counters import Counted
from shared.contributions.row import Row, Rows, Total
from shared.usage.correction import BOOKED, CORRECTION, Correction, read_correction, written_correction
from shared.usage.ledger import SESSIONS, CorrectionPage, LedgerRow, Page, read_row, standings, written_row


class LedgerOnRows(ABC):
    """Implements the part of `Ledger` that has to do with single rows, for one policy."""

    _rows: Rows
    _policy: str

    @abstractmethod
    async def _put(
        self, tenant_id: str, total: Total, row: Row, new: Counted, counted: Callable[[Row], Counted]
    ) -> int:
        """In one transaction put the row, and change the counters by the difference from the one that it replaces.

        `new` is what is counted of the row, `counted` reads that of a stored one. Raises DayClosed.
        """

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        return await self._put(tenant_id, self._total(SESSIONS, row.month), written_row(row), row, read_row)

    async def correct(self, tenant_id: str, correction: Correction) -> int:
        total = self._total(CORRECTION, correction.month)
        return await self._put(tenant_id, total, written_correction(correction), correction, read_correction)

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        found = await self._rows.row(tenant_id, self._total(SESSIONS, month), key)
        return read_row(found) if found else None

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        page = await self._rows.rows(tenant_id, self._total(SESSIONS, month), standings(counted), after, limit)
        return Page([read_row(row) for row in page.rows], page.continuation)

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        found = await self._rows.row(tenant_id, self._total(CORRECTION, month), correction_id)
        return read_correction(found) if found else None

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        page = await self._rows.rows(tenant_id, self._total(CORRECTION, month), (BOOKED,), after, limit)
        return CorrectionPage([read_correction(row) for row in page.rows], page.continuation)

    def _total(self, kind: str, month: str) -> Total:
        return Total(kind=kind, policy=self._policy, period=month)
