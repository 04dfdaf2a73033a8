"""The evidence of a month: one page of it, or all of it as a file in parts of bounded size.

Azure Functions cannot stream a body, so a file is served in parts. Each part has at most 10,000 rows and says where the
next begins; the parts joined are the file.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.slices import Slice
from shared.usage.correction import Correction
from shared.usage.ledger import Ledger, LedgerRow

PAGE = 500
PART = 10_000
"""The most rows in one part of a file."""
_CORRECTIONS = "corrections:"
"""Prefix of a continuation among the corrections, which follow all rows; no conversation's key has a colon."""


@dataclass(frozen=True)
class EvidencePage:
    """Some rows and, after the last row, some corrections. `continuation` asks for the next page, if there is one."""

    rows: Sequence[LedgerRow]
    corrections: Sequence[Correction]
    continuation: str | None


async def evidence_page(
    ledger: Ledger, tenant_id: str, month: str, counted: bool | None, after: str | None
) -> EvidencePage:
    """Up to 500 rows and corrections. With `counted`, only rows: those that count (True), or do not (False)."""
    rows: Sequence[LedgerRow] = ()
    if after is None or not after.startswith(_CORRECTIONS):
        page = await ledger.rows(tenant_id, month, counted, after, PAGE)
        rows, after = page.rows, _CORRECTIONS
        if page.continuation is not None or counted is not None:
            return EvidencePage(rows, (), page.continuation)
    if len(rows) == PAGE:
        return EvidencePage(rows, (), after)
    found = await ledger.corrections(tenant_id, month, after.removeprefix(_CORRECTIONS) or None, PAGE - len(rows))
    more = f"{_CORRECTIONS}{found.continuation}" if found.continuation else None
    return EvidencePage(rows, found.corrections, more)


def row_document(row: LedgerRow) -> dict[str, Any]:
    """The row's JSON for finance, without its revision and without what other policies would rate."""
    return row.model_dump(mode="json", by_alias=True, exclude={"revision", "activity"})


@dataclass(frozen=True)
class ExportFormat:
    """A file format: its media type, and functions that write the file's first text and a page's text."""

    media_type: str
    begin: Callable[[], str]
    page: Callable[[EvidencePage], str]


@dataclass(frozen=True)
class Export:
    """One part of the file. `continuation` asks for the next part; None: this was the last."""

    text: str
    continuation: str | None


async def exported(
    ledger: Ledger, tenant_id: str, month: str, counted: bool | None, after: str | None, chosen: ExportFormat
) -> Export:
    """One part of the file, read page by page, between which others have their turn."""
    text = io.StringIO()
    text.write("" if after else chosen.begin())
    current = Slice()
    for _ in range(PART // PAGE):
        await current.end_if_over()
        page = await evidence_page(ledger, tenant_id, month, counted, after)
        text.write(chosen.page(page))
        if (after := page.continuation) is None:
            break
    return Export(text.getvalue(), after)
