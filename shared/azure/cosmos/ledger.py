"""The ledger on Cosmos DB: one partition per tenant and month holds its rows and its days.

Posting is one transactional batch: the row is created, or replaced by its ETag, and the days' counters are patched
while they are open. A post that is repeated because its answer was lost finds its own row, and does nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.day_documents import counts_of, guarded_patches, opened_days
from shared.azure.cosmos.failures import CHANGED, MISSING, OperationFailed, Outrun, until_not_outrun
from shared.azure.cosmos.keys import Partition
from shared.errors import DayClosed
from shared.usage.ledger import DayCounts, LedgerRow, Page

_ROW: TypeAdapter[LedgerRow] = TypeAdapter(LedgerRow)
_STANDING = {
    None: "c.standing IN ('counted', 'excluded')",
    True: "c.standing = 'counted'",
    False: "c.standing = 'excluded'",
}


class CosmosLedger:
    """Implements `Ledger`. Rows are listed by whether they count, are excluded, or are tombstones (`standing`)."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        """Raises DayClosed, and writes nothing, where a day that the row stands or stood under is closed."""
        await until_not_outrun(self._post, (tenant_id, row.month), row)

    async def _post(self, partition: Partition, row: LedgerRow) -> None:
        # A first revision replaces nothing, so there is no need to know what is there.
        stored = None if row.revision == 1 else await self._stored(partition, row)
        old = _row(stored) if stored else None
        if old is not None and old.revision >= row.revision:
            return
        patches = guarded_patches(old, row)
        try:
            await self._container.batch("post", partition, [self._write(partition, row, stored), *patches])
        except OperationFailed as failed:
            if failed.index == 0:
                if row.revision == 1:
                    return
                raise Outrun from failed
            if failed.status == CHANGED:
                raise DayClosed(patches[failed.index - 1][1][0].removeprefix("day:")) from failed
            if failed.status != MISSING or stored is not None:
                raise
            await self._open_month(partition, row)

    async def _open_month(self, partition: Partition, row: LedgerRow) -> None:
        """Post the month's first row, with the documents of its days."""
        days: list[Operation] = [("create", (day,), {}) for day in opened_days(self._container, partition, row)]
        try:
            await self._container.batch("post", partition, [self._write(partition, row, None), *days])
        except OperationFailed as failed:
            raise Outrun from failed

    async def _stored(self, partition: Partition, row: LedgerRow) -> Document | None:
        return await self._container.read("post", partition, _row_id(row))

    def _write(self, partition: Partition, row: LedgerRow, stored: Document | None) -> Operation:
        document = self._container.document(
            partition, _row_id(row), key=row.key, standing=_standing(row), row=json.loads(row.to_json())
        )
        if stored is None:
            return "create", (document,), {}
        return "replace", (document["id"], document), {"if_match_etag": stored["_etag"]}

    async def days(self, tenant_id: str, month: str) -> Mapping[str, DayCounts]:
        query = "SELECT c.day, c.counts FROM c WHERE c.day > ''"
        documents = await self._container.query("days", (tenant_id, month), query)
        days = {document["day"]: counts_of(document) for document in documents}
        return {day: counts for day, counts in days.items() if counts}

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        documents = await self._container.query(
            "rows",
            (tenant_id, month),
            f"SELECT TOP {limit + 1} c.row FROM c WHERE c.key > @after AND {_STANDING[counted]} ORDER BY c.key",  # noqa: S608  # constants
            after=after or "",
        )
        rows = [_row(document) for document in documents]
        return Page(rows[:limit], rows[limit - 1].key if len(rows) > limit else None)

    async def months(self, tenant_id: str) -> Sequence[str]:
        query = "SELECT VALUE c.firstOf FROM c WHERE c.firstOf > ''"
        return sorted(await self._container.query("months", (tenant_id,), query))


def _row_id(row: LedgerRow) -> str:
    return f"session:{row.key}"


def _standing(row: LedgerRow) -> str:
    if row.excluded is None:
        return "counted"
    return "moved" if row.excluded == "moved" else "excluded"


def _row(document: Mapping[str, Any]) -> LedgerRow:
    return _ROW.validate_json(json.dumps(document["row"]))
