"""Closing a month: its rows are recounted, and its books closed for good, or it stays open and says why."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.retry import retrying
from shared.usage.ledger import Books, BooksChanged, Ledger
from shared.usage.recount import differing_days, recounted
from shared.usage.report import Obstacle

_NAMED = 10
"""Conversations that an obstacle names."""

_log = logging.getLogger(__name__)


class Outboxes(Protocol):
    """The port to what was recorded and is not on the books yet."""

    async def outstanding(self, tenant_id: str, month: str) -> Sequence[str]:
        """Keys of conversations whose rows of this month, or of an earlier one, are still to be posted."""
        ...


@dataclass(frozen=True)
class Closing:
    """Closes months. It reads the rows page by page, so a month of any size needs the memory of one page."""

    ledger: Ledger
    outboxes: Outboxes
    clock: Clock

    async def close(self, tenant_id: str, month: str) -> tuple[Obstacle, ...]:
        """Close the month, unless it is closed already; what kept it from closing, or nothing."""
        return await retrying(BooksChanged, self._close, tenant_id, month)

    async def _close(self, tenant_id: str, month: str) -> tuple[Obstacle, ...]:
        """Raises BooksChanged where something was posted while the rows were counted."""
        books = await self.ledger.books(tenant_id, month)
        if books.closed_at is not None:
            return ()
        obstacles = [*await self._outstanding(tenant_id, month), *await self._differing(tenant_id, month, books)]
        if not obstacles:
            await self.ledger.close(tenant_id, month, books, self.clock.now())
        for obstacle in obstacles:
            arguments = month, tenant_id, obstacle.detail, obstacle.code
            _log.error(
                "%s of %s does not close: %s (%s)", *arguments, extra={"tenant": tenant_id, "code": obstacle.code}
            )
        return tuple(obstacles)

    async def _outstanding(self, tenant_id: str, month: str) -> list[Obstacle]:
        keys = await self.outboxes.outstanding(tenant_id, month)
        if not keys:
            return []
        some = ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")
        return [Obstacle(code="rows_outstanding", detail=f"rows are still to be posted for {some}", days=())]

    async def _differing(self, tenant_id: str, month: str, books: Books) -> list[Obstacle]:
        """A self-check: the counters must be what rows and corrections add up to."""
        differing = tuple(differing_days(books, await recounted(self.ledger, tenant_id, month)))
        if not differing or (await self.ledger.books(tenant_id, month)).stamp != books.stamp:
            # What was posted during the count is no difference; closing by the old stamp will be refused.
            return []
        detail = f"the counters of {', '.join(differing)} are not what the rows add up to"
        return [Obstacle(code="days_differ", detail=detail, days=differing)]
