"""Repairs the differences that a comparison found: writes what the facts give where it differs, and nothing else.

A repair works as recording does: it commits a head under its ETag, the outbox posts rows, and a change of a closed
month becomes a correction. So it may run beside functions, at any time and any number of times.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from shared.conversations.record import Recorder
from shared.effects.reconcile import reconcile_anew
from shared.errors import PatchbayError
from shared.rebuild.compare import Difference
from shared.retry import retrying
from shared.usage.ledger import BooksChanged, Ledger
from shared.usage.recount import differing_days, recounted


@dataclass(frozen=True)
class Repair:
    """Writes what the facts give. A conversation without facts and the counters of a closed month are left alone."""

    recorder: Recorder
    ledger: Ledger

    async def repair(self, tenant_id: str, found: Iterable[Difference]) -> Sequence[str]:
        """Repair the differences of a comparison. Returns lines that say what was written, and what was left and why.

        Counters are set first, to the sums of the stored rows: posting the right rows then keeps them right.
        Raises UnknownTenant.
        """
        differences = list(found)
        lines = []
        for month in sorted({one.month for one in differences if one.month}):
            lines += await self._restated(tenant_id, month)
        months = await self.ledger.months(tenant_id)
        for key in sorted({one.key for one in differences if one.key}):
            lines.append(f"{key}: {await self._recorded_anew(tenant_id, key, months)}")
        return lines

    async def _restated(self, tenant_id: str, month: str) -> list[str]:
        try:
            differing, closed = await retrying(BooksChanged, self._restate, tenant_id, month)
        except BooksChanged:
            return [f"{month}: the counters stay, because something is posted all the time"]
        if closed and differing:
            return [f"{month}: the counters of {', '.join(differing)} stay, because the month is closed"]
        return [f"{month}: the counters of {day} are what the rows add up to" for day in differing]

    async def _restate(self, tenant_id: str, month: str) -> tuple[Sequence[str], bool]:
        """Restate the days whose counters differ, unless the month is closed. Those days, and True if it is closed.

        Raises BooksChanged if something was posted meanwhile.
        """
        books = await self.ledger.books(tenant_id, month)
        counted = await recounted(self.ledger, tenant_id, month)
        differing = differing_days(books, counted)
        if differing and books.closed_at is None:
            await self.ledger.restate(tenant_id, month, books, {day: counted.get(day, {}) for day in differing})
        return differing, books.closed_at is not None

    async def _recorded_anew(self, tenant_id: str, key: str, months: Iterable[str]) -> str:
        rows = [row for month in months if (row := await self.ledger.row(tenant_id, month, key))]
        try:
            facts = await self.recorder.record_anew(tenant_id, key, partial(reconcile_anew, rows))
        except PatchbayError as failure:
            # A repair that fails must not keep the others waiting.
            return f"is left as it is: {failure} ({failure.code})"
        if not facts:
            return "is left as it is, because there are no facts of it"
        found = await self.recorder.conversations.read_head(tenant_id, key)
        left = sorted({f"{one.effect.kind} ({one.last_error})" for one in found[0].outbox.values()} if found else set())
        if left:
            return f"head and decisions are what its {facts} facts make them; effects are left over: {', '.join(left)}"
        return f"head, decisions and row are what its {facts} facts make them"
