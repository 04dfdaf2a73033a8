"""Recounting a month: adding up its rows and corrections, which must equal its counters."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from shared.contributions.counters import recount
from shared.usage.correction import CORRECTIONS
from shared.usage.ledger import Books, CorrectionPage, DayCounts, Ledger, Page

_PAGE = 500

P = TypeVar("P", Page, CorrectionPage)


def row_pages(ledger: Ledger, tenant_id: str, month: str) -> AsyncIterator[Page]:
    """All rows of the month, in pages."""
    return _pages(lambda after: ledger.rows(tenant_id, month, None, after, _PAGE))


def correction_pages(ledger: Ledger, tenant_id: str, month: str) -> AsyncIterator[CorrectionPage]:
    """All corrections in the month's books, in pages."""
    return _pages(lambda after: ledger.corrections(tenant_id, month, after, _PAGE))


async def recounted(ledger: Ledger, tenant_id: str, month: str) -> Mapping[str, DayCounts]:
    """The counters, by day and under `corrections`, that rows and corrections add up to; holds one page in memory."""
    counted = recount(())
    async for page in row_pages(ledger, tenant_id, month):
        counted = recount(page.rows, counted)
    async for found in correction_pages(ledger, tenant_id, month):
        counted = recount(found.corrections, counted)
    return counted


def stored_counters(books: Books) -> Mapping[str, DayCounts]:
    """The counters in the books, in the shape that `recounted` returns."""
    return {**books.days, **({CORRECTIONS: books.corrections} if books.corrections else {})}


def differing_days(books: Books, counted: Mapping[str, DayCounts]) -> list[str]:
    """The days (and `corrections`), in order, whose counters in the books differ from the `recounted` ones."""
    stored = stored_counters(books)
    return [day for day in sorted({*stored, *counted}) if stored.get(day) != counted.get(day)]


async def _pages(read: Callable[[str | None], Awaitable[P]]) -> AsyncIterator[P]:
    page = await read(None)
    yield page
    while page.continuation is not None:
        page = await read(page.continuation)
        yield page
