"""Closing a month: its rows are recounted, then its books close for good, or obstacles keep it open."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.retry import retrying
from shared.usage.ledger import Books, BooksChanged, Ledger
from shared.usage.period import preceding
from shared.usage.recount import differing_days, recounted
from shared.usage.report import Obstacle, ObstacleCode

_MAX_NAMED = 10
"""How many conversations the detail of an obstacle names."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unposted:
    """A row that is recorded, and not posted: its conversation, its effect's id, and the code of its last failure."""

    key: str
    effect_id: str
    last_error: str | None
    is_parked: bool

    def __str__(self) -> str:
        return f"{self.key} ({self.effect_id}: {self.last_error})" if self.last_error else self.key


class Outboxes(Protocol):
    """The port to rows that are recorded, but not posted yet."""

    async def post(self, tenant_id: str, month: str) -> Sequence[Unposted]:
        """Post the rows of this month, and of earlier ones, that are still to be posted. Returns those that remain."""
        ...


@dataclass(frozen=True)
class Closing:
    """Closes months. It reads the rows page by page, so a month of any size needs the memory of one page."""

    ledger: Ledger
    outboxes: Outboxes
    clock: Clock

    async def close(self, tenant_id: str, month: str, first: str) -> tuple[Obstacle, ...]:
        """Close the month unless it is closed. Returns the obstacles that kept it open; none when it is closed.

        `first` is the tenant's first month.
        """
        # Once, since each try of a row that fails is one of its attempts; and first, since posting changes the books.
        outstanding = await self._outstanding(tenant_id, month)
        return await retrying(BooksChanged, self._close, tenant_id, month, first, outstanding)

    async def _close(
        self, tenant_id: str, month: str, first: str, outstanding: Sequence[Obstacle]
    ) -> tuple[Obstacle, ...]:
        """Raises BooksChanged if a row or correction was posted while the rows were counted."""
        books = await self.ledger.books(tenant_id, month)
        if books.closed_at is not None:
            return ()
        earlier = await self._earlier(tenant_id, month) if month > first else []
        obstacles = [*earlier, *outstanding, *await self._differing(tenant_id, month, books)]
        if not obstacles:
            await self.ledger.close(tenant_id, month, books, self.clock.now())
        for obstacle in obstacles:
            arguments = month, tenant_id, obstacle.detail, obstacle.code
            _log.error(
                "%s of %s does not close: %s (%s)", *arguments, extra={"tenant": tenant_id, "code": obstacle.code}
            )
        return tuple(obstacles)

    async def _outstanding(self, tenant_id: str, month: str) -> list[Obstacle]:
        unposted = await self.outboxes.post(tenant_id, month)
        parked = [str(one) for one in unposted if one.is_parked]
        others = [str(one) for one in unposted if not one.is_parked]
        return [
            *_naming("row_parked", "rows are parked, and wait for somebody to replay them", parked),
            *_naming("rows_outstanding", "rows are still to be posted", others),
        ]

    async def _earlier(self, tenant_id: str, month: str) -> list[Obstacle]:
        """Months close in order, so that a correction finds the earliest open month, and no later one, closed."""
        before = preceding(month)
        if before is None or (await self.ledger.books(tenant_id, before)).closed_at is not None:
            return []
        return [Obstacle(code="earlier_month_open", detail=f"{before} is not closed yet", days=())]

    async def _differing(self, tenant_id: str, month: str, books: Books) -> list[Obstacle]:
        """A self-check: an obstacle if the counters are not what the rows and corrections add up to."""
        differing = tuple(differing_days(books, await recounted(self.ledger, tenant_id, month)))
        if not differing or (await self.ledger.books(tenant_id, month)).stamp != books.stamp:
            # A posting during the count is no error of the counters; closing with the old stamp will be refused.
            return []
        detail = f"the counters of {', '.join(differing)} are not what the rows add up to"
        return [Obstacle(code="days_differ", detail=detail, days=differing)]


def _naming(code: ObstacleCode, what: str, which: Sequence[str]) -> list[Obstacle]:
    """An obstacle that names the first of these, if there are any."""
    if not which:
        return []
    some = ", ".join(which[:_MAX_NAMED]) + (", ..." if len(which) > _MAX_NAMED else "")
    return [Obstacle(code=code, detail=f"{what}: {some}", days=())]
