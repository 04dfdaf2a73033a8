"""The evidence of a month as a file: CSV, or one JSON document a line."""

import json
from typing import Any, Literal

from shared.errors import NotAcceptable
from shared.usage.correction import Correction
from shared.usage.evidence import EvidencePage, ExportFormat, row_document
from shared.usage.ledger import LedgerRow
from shared.usage.render.table import Cell, csv_rows
from shared.usage.report import correction_document

HEADER = (
    "kind", "month", "day", "conversationId", "key", "sessions", "excluded", "startedAt", "proofAt", "proofBot",
    "proofThrough", "proofFactId", "bots", "account", "channel", "workStream", "escalated", "originMonth", "reason",
    "recordedAt", "factId", "changes",
)  # fmt: skip
"""The columns of the CSV. `sessions` adds up to the report's `counted` and `corrected`."""


def export_format(name: str) -> ExportFormat:
    """The format of this name. Raises NotAcceptable."""
    if name not in _FORMATS:
        raise NotAcceptable(name, ("json", *_FORMATS))
    return _FORMATS[name]


def _lines(page: EvidencePage) -> str:
    documents: list[dict[str, Any]] = [
        *({"kind": _kind(row), **row_document(row)} for row in page.rows),
        *({"kind": "correction", **correction_document(one)} for one in page.corrections),
    ]
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


def _table(page: EvidencePage) -> str:
    return csv_rows([*map(_row_cells, page.rows), *map(_correction_cells, page.corrections)])


def _kind(row: LedgerRow) -> Literal["session", "excluded"]:
    return "excluded" if row.excluded else "session"


def _row_cells(row: LedgerRow) -> tuple[Cell, ...]:
    proof = row.proof.model_dump(mode="json", by_alias=True) if row.proof else {}
    proven = (proof.get(name) for name in ("at", "bot", "through", "factId"))
    where = row.account, row.channel, row.work_stream, "true" if row.escalated else "false"
    begun = row.conversation_id, row.key, int(not row.excluded), row.excluded, row.started_at
    return (_kind(row), row.month, row.day, *begun, *proven, " ".join(row.bots), *where, *[None] * 5)


def _correction_cells(one: Correction) -> tuple[Cell, ...]:
    changes = "; ".join(f"{c.day} {c.measure} {c.dimension}".rstrip() + f" {c.change:+}" for c in one.changes)
    fact_id = one.occasion.fact_id if one.occasion else None
    what = "correction", one.month, one.day, one.conversation_id, one.key, one.sessions
    return (*what, *[None] * 11, one.origin_month, one.reason, one.recorded_at, fact_id, changes)


_FORMATS = {
    "csv": ExportFormat("text/csv", lambda: csv_rows([HEADER]), _table),
    "ndjson": ExportFormat("application/x-ndjson", lambda: "", _lines),
}
