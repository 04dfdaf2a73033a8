"""The evidence of a month: a page for reading, or the whole as a file in parts of bounded size.

Azure Functions answers with whole bodies, so a file of any size is given in parts: each has 10,000 rows at most and
says where the next begins, and the parts one after the other are the file.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.usage.correction import Correction
from shared.usage.ledger import Ledger, LedgerRow

PAGE = 500
PART = 10_000
"""Rows of a part of a file."""
_CORRECTIONS = "corrections:"
"""Begins a continuation that has left the rows behind; no conversation's key has a colon."""


@dataclass(frozen=True)
class EvidencePage:
    """Some rows, then, when all rows were given, some corrections; and where to go on."""

    rows: Sequence[LedgerRow]
    corrections: Sequence[Correction]
    continuation: str | None


async def evidence_page(
    ledger: Ledger, tenant_id: str, month: str, counted: bool | None, after: str | None
) -> EvidencePage:
    """Up to 500 rows and corrections; whoever asks for what counts, or for what does not, gets rows only."""
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
    """A row as finance reads it."""
    return row.model_dump(mode="json", by_alias=True, exclude={"revision"})


@dataclass(frozen=True)
class ExportFormat:
    """A format of files: its media type, the file's first text, and the text of a page."""

    media_type: str
    begin: Callable[[], str]
    page: Callable[[EvidencePage], str]


@dataclass(frozen=True)
class Export:
    """A part of the file, and where the next one begins."""

    text: str
    continuation: str | None


async def exported(
    ledger: Ledger, tenant_id: str, month: str, counted: bool | None, after: str | None, chosen: ExportFormat
) -> Export:
    """A part of the file, made page by page."""
    text = io.StringIO()
    text.write("" if after else chosen.begin())
    for _ in range(PART // PAGE):
        page = await evidence_page(ledger, tenant_id, month, counted, after)
        text.write(chosen.page(page))
        if (after := page.continuation) is None:
            break
    return Export(text.getvalue(), after)
