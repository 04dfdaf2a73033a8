"""The ledger on Cosmos DB: one partition per tenant and month holds its rows and its days.

Posting is one transactional batch: the row is created, or replaced by its ETag, and the days' counters are patched
while they are open. A post that is repeated after a lost answer finds its own row, and does nothing. Closing is one
batch, too: it closes every counting document by the ETag with which it was read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.day_documents import (
    COUNTING,
    books_of,
    closed,
    guarded_correction,
    guarded_patches,
    opened,
    restated,
)
from shared.azure.cosmos.failures import (
    CHANGED,
    MISSING,
    OperationFailed,
    WrittenMeanwhile,
    retry_when_written_meanwhile,
)
from shared.azure.cosmos.keys import Partition
from shared.errors import DayClosed
from shared.usage.correction import CORRECTIONS, Correction
from shared.usage.ledger import Books, BooksChanged, CorrectionPage, DayCounts, LedgerRow, Page

_ROW: TypeAdapter[LedgerRow] = TypeAdapter(LedgerRow)
_CORRECTION: TypeAdapter[Correction] = TypeAdapter(Correction)
_STANDING = {
    None: "c.standing IN ('counted', 'excluded')",
    True: "c.standing = 'counted'",
    False: "c.standing = 'excluded'",
}


class CosmosLedger:
    """Implements `Ledger`. A row's `standing` says whether it is counted, excluded, or a tombstone."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        await retry_when_written_meanwhile(self._post, (tenant_id, row.month), row)

    async def _post(self, partition: Partition, row: LedgerRow) -> None:
        # A first revision replaces nothing, so the stored row need not be read.
        stored = None if row.revision == 1 else await self._container.read("post", partition, _row_id(row.key))
        old = _row(stored) if stored else None
        if old is not None and old.revision >= row.revision:
            return
        document = self._container.document(
            partition, _row_id(row.key), key=row.key, standing=_standing(row), row=json.loads(row.to_json())
        )
        written = _Written(document, stored, row.day, row.contributions(), first=row.revision == 1)
        await self._write("post", partition, written, guarded_patches(old, row))

    async def correct(self, tenant_id: str, correction: Correction) -> None:
        await retry_when_written_meanwhile(self._correct, (tenant_id, correction.month), correction)

    async def _correct(self, partition: Partition, correction: Correction) -> None:
        stored = await self._container.read("correct", partition, _correction_id(correction.id))
        old = _correction(stored) if stored else None
        if old is not None and old.revision >= correction.revision:
            return
        document = self._container.document(
            partition,
            _correction_id(correction.id),
            # A correction that was taken back is not listed.
            correctionOf=correction.id if correction.changes else None,
            correction=json.loads(correction.to_json()),
        )
        written = _Written(document, stored, CORRECTIONS, correction.contributions(), first=False)
        await self._write("correct", partition, written, guarded_correction(old, correction))

    async def _write(self, name: str, partition: Partition, written: "_Written", patches: list[Operation]) -> None:
        """Write the document and patch its counters. Raises DayClosed, or WrittenMeanwhile after another post."""
        try:
            await self._container.batch(name, partition, [written.operation, *patches])
        except OperationFailed as failed:
            if failed.index == 0:
                if written.first:
                    return
                raise WrittenMeanwhile from failed
            if failed.status == CHANGED:
                day = patches[failed.index - 1][1][0].removeprefix("day:")
                raise DayClosed(partition[1] if day == CORRECTIONS else day) from failed
            if failed.status != MISSING or written.stored is not None:
                raise
            await self._open_month(name, partition, written)

    async def _open_month(self, name: str, partition: Partition, written: "_Written") -> None:
        """Write the first row of a month, and create the documents with the counters of its days."""
        counting: list[Operation] = [
            ("create", (document,), {})
            for document in opened(self._container, partition, written.day, written.contributions)
        ]
        try:
            await self._container.batch(name, partition, [written.operation, *counting])
        except OperationFailed as failed:
            raise WrittenMeanwhile from failed

    async def books(self, tenant_id: str, month: str) -> Books:
        return books_of(await self._container.query("books", (tenant_id, month), COUNTING))

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        partition = (tenant_id, month)
        await self._change_books("close", partition, closed(self._container, partition, books, at))

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        partition = (tenant_id, month)
        await self._change_books("restate", partition, restated(self._container, partition, books, counts))

    async def _change_books(self, name: str, partition: Partition, operations: Sequence[Operation]) -> None:
        """Carry out the operations, which hold for the books as they were read. Raises BooksChanged."""
        try:
            await self._container.batch(name, partition, operations)
        except OperationFailed as failed:
            raise BooksChanged from failed

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        stored = await self._container.read("row", (tenant_id, month), _row_id(key))
        return _row(stored) if stored else None

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        documents = await self._container.query(
            "rows",
            (tenant_id, month),
            f"SELECT TOP {limit + 1} c.row FROM c WHERE c.key > @after AND {_STANDING[counted]} ORDER BY c.key",  # noqa: S608  # constants
            after=after or "",
        )
        rows = [_row(document) for document in documents]
        return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        stored = await self._container.read("correction", (tenant_id, month), _correction_id(correction_id))
        return _correction(stored) if stored else None

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        documents = await self._container.query(
            "corrections",
            (tenant_id, month),
            f"SELECT TOP {limit + 1} c.correction FROM c WHERE c.correctionOf > @after ORDER BY c.correctionOf",  # noqa: S608  # a number
            after=after or "",
        )
        found = [_correction(document) for document in documents]
        return CorrectionPage(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def months(self, tenant_id: str) -> Sequence[str]:
        query = "SELECT VALUE c.firstOf FROM c WHERE c.firstOf > ''"
        return sorted(await self._container.query("months", (tenant_id,), query))


@dataclass(frozen=True)
class _Written:
    """A document to write over the `stored` one, and what it adds to the counters of `day`.

    `first`: it is the conversation's first revision, so a document that is stored already is this one.
    """

    document: Document
    stored: Document | None
    day: str
    contributions: DayCounts
    first: bool

    @property
    def operation(self) -> Operation:
        if self.stored is None:
            return "create", (self.document,), {}
        return "replace", (self.document["id"], self.document), {"if_match_etag": self.stored["_etag"]}


def _row_id(key: str) -> str:
    return f"session:{key}"


def _correction_id(correction_id: str) -> str:
    return f"correction:{correction_id}"


def _standing(row: LedgerRow) -> str:
    if row.excluded is None:
        return "counted"
    return "moved" if row.excluded == "moved" else "excluded"


def _row(document: Mapping[str, Any]) -> LedgerRow:
    return _ROW.validate_json(json.dumps(document["row"]))


def _correction(document: Mapping[str, Any]) -> Correction:
    return _CORRECTION.validate_json(json.dumps(document["correction"]))
