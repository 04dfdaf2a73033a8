"""Closing a month: its rows are recounted, then its books close for good, or obstacles keep it open."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.retry import retrying
from shared.usage.ledger import Books, BooksChanged, Ledger
from shared.usage.recount import differing_days, recounted
from shared.usage.report import Obstacle

_MAX_NAMED = 10
"""How many conversations the detail of an obstacle names."""

_log = logging.getLogger(__name__)


class Outboxes(Protocol):
    """The port that finds conversations whose ledger rows are not posted yet."""

    async def outstanding(self, tenant_id: str, month: str) -> Sequence[str]:
        """Keys of the conversations with a row of this month, or of an earlier one, that is still to be posted."""
        ...


@dataclass(frozen=True)
class Closing:
    """Closes months. It reads the rows page by page, so a month of any size needs the memory of one page."""

    ledger: Ledger
    outboxes: Outboxes
    clock: Clock

    async def close(self, tenant_id: str, month: str) -> tuple[Obstacle, ...]:
        """Close the month unless it is closed. Returns the obstacles that kept it open; none when it is closed."""
        return await retrying(BooksChanged, self._close, tenant_id, month)

    async def _close(self, tenant_id: str, month: str) -> tuple[Obstacle, ...]:
        """Raises BooksChanged if a row or correction was posted while the rows were counted."""
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
        some = ", ".join(keys[:_MAX_NAMED]) + (", ..." if len(keys) > _MAX_NAMED else "")
        return [Obstacle(code="rows_outstanding", detail=f"rows are still to be posted for {some}", days=())]

    async def _differing(self, tenant_id: str, month: str, books: Books) -> list[Obstacle]:
        """A self-check: an obstacle if the counters are not what the rows and corrections add up to."""
        differing = tuple(differing_days(books, await recounted(self.ledger, tenant_id, month)))
        if not differing or (await self.ledger.books(tenant_id, month)).stamp != books.stamp:
            # A posting during the count is no error of the counters; closing with the old stamp will be refused.
            return []
        detail = f"the counters of {', '.join(differing)} are not what the rows add up to"
        return [Obstacle(code="days_differ", detail=detail, days=differing)]
