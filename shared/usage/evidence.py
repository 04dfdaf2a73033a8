"""The evidence of a month: a page for reading, or the whole as a file in parts of bounded size.

Azure Functions answers with whole bodies, so a file of any size is given in parts: each has 10,000 rows at most and
says where the next begins, and the parts one after the other are the file.
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import NotAcceptable
from shared.usage.correction import Correction
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.report import correction_document

PAGE = 500
PART = 10_000
"""Rows of a part of a file."""
_CORRECTIONS = "corrections:"
"""Begins a continuation that has left the rows behind; no conversation's key has a colon."""

HEADER = (
    "kind", "month", "day", "conversationId", "key", "sessions", "excluded", "startedAt", "proofAt", "proofBot",
    "proofThrough", "proofFactId", "bots", "account", "channel", "workStream", "escalated", "originMonth", "reason",
    "recordedAt", "factId", "changes",
)  # fmt: skip
"""The columns of the CSV. `sessions` adds up to the report's `invoiced`."""


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


def export_format(name: str) -> ExportFormat:
    """The format of this name. Raises NotAcceptable."""
    if name not in _FORMATS:
        raise NotAcceptable(name, ("json", *_FORMATS))
    return _FORMATS[name]


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


def _lines(page: EvidencePage) -> str:
    documents: list[dict[str, Any]] = [
        *({"kind": _kind(row), **row_document(row)} for row in page.rows),
        *({"kind": "correction", **correction_document(one)} for one in page.corrections),
    ]
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


def _table(page: EvidencePage) -> str:
    return _csv([*map(_row_cells, page.rows), *map(_correction_cells, page.corrections)])


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _kind(row: LedgerRow) -> Literal["session", "excluded"]:
    return "excluded" if row.excluded else "session"


def _row_cells(row: LedgerRow) -> tuple[Any, ...]:
    proof = row.proof.model_dump(mode="json", by_alias=True) if row.proof else {}
    proven = (proof.get(name) for name in ("at", "bot", "through", "factId"))
    where = row.account, row.channel, row.work_stream, "true" if row.escalated else "false"
    begun = row.conversation_id, row.key, int(not row.excluded), row.excluded, row.started_at
    return (_kind(row), row.month, row.day, *begun, *proven, " ".join(row.bots), *where, *[None] * 5)


def _correction_cells(one: Correction) -> tuple[Any, ...]:
    changes = "; ".join(f"{c.day} {c.measure} {c.dimension}".rstrip() + f" {c.change:+}" for c in one.changes)
    fact_id = one.occasion.fact_id if one.occasion else None
    what = "correction", one.month, one.day, one.conversation_id, one.key, one.sessions
    return (*what, *[None] * 11, one.origin_month, one.reason, one.recorded_at, fact_id, changes)


def _harmless(cell: Any) -> Any:
    """Conversations and bots may be called anything; a spreadsheet would run a cell that begins like a formula."""
    formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if formula else cell


_FORMATS = {
    "csv": ExportFormat("text/csv", lambda: _csv([HEADER]), _table),
    "ndjson": ExportFormat("application/x-ndjson", lambda: "", _lines),
}
