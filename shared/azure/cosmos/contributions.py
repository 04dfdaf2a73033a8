"""Rows with revisions on Cosmos DB: those of a policy and a period share a partition, with what counts them.

A row is created, or replaced by its ETag, in one transactional batch with the operations beside it. One that is written
again after a lost answer finds itself, and does nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.failures import OperationFailed, WrittenMeanwhile, retry_when_written_meanwhile
from shared.azure.cosmos.keys import Partition
from shared.contributions.row import TOMBSTONE_KEPT, Row, RowPage, Total, page_of

Beside = Callable[[Row | None], Sequence[Operation]]
"""Gives the operations that belong to a row's writing, such as those of its counters; takes the row it replaces."""


class FailedBeside(Exception):
    """An operation beside the row failed, so nothing was written. `replaced`: the row would have replaced another."""

    def __init__(self, failed: OperationFailed, operation: Operation, *, replaced: bool) -> None:
        super().__init__(str(failed))
        self.status = failed.status
        self.operation = operation
        self.replaced = replaced


@dataclass(frozen=True)
class CosmosRows:
    """Implements `Rows`. A tombstone has no standing, and expires."""

    container: Container

    async def put(self, tenant_id: str, total: Total, row: Row) -> int:
        return await retry_when_written_meanwhile(self.replace, "put", tenant_id, total, row, _nothing_beside)

    async def replace(self, name: str, tenant_id: str, total: Total, row: Row, beside: Beside) -> int:
        """As `put`, with the operations beside it. Raises FailedBeside, or WrittenMeanwhile after another writer."""
        partition, row_id = partition_of(tenant_id, total), _id(total, row.key)
        # A first revision replaces nothing, so the stored row need not be read.
        first = row.revision == 1
        stored = None if first else await self.container.read(name, partition, row_id)
        old = _row(stored) if stored else None
        if not row.replaces(old):
            return row.kept_out_by(old)
        writing = _writing(self._document(partition, row_id, row), stored)
        operations = beside(old)
        try:
            await self.container.batch(name, partition, [writing, *operations])
        except OperationFailed as failed:
            if failed.index > 0:
                raise FailedBeside(failed, operations[failed.index - 1], replaced=old is not None) from failed
            if not first:
                raise WrittenMeanwhile from failed
            return row.kept_out_by(await self.row(tenant_id, total, row.key))
        return 0

    async def row(self, tenant_id: str, total: Total, key: str) -> Row | None:
        stored = await self.container.read("row", partition_of(tenant_id, total), _id(total, key))
        return _row(stored) if stored else None

    async def rows(
        self, tenant_id: str, total: Total, standings: Sequence[str], after: str | None, limit: int
    ) -> RowPage:
        names = {f"standing{n}": f"{total.kind}:{standing}" for n, standing in enumerate(standings)}
        documents = await self.container.query(
            "rows",
            partition_of(tenant_id, total),
            f"SELECT TOP {limit + 1} c.key, c.revision, c.standing, c.content FROM c"  # noqa: S608  # a number, and names of parameters
            f" WHERE c.key > @after AND c.standing IN ({', '.join(f'@{name}' for name in names)}) ORDER BY c.key",
            after=after or "",
            **names,
        )
        return page_of([_row(document) for document in documents], limit)

    def _document(self, partition: Partition, row_id: str, row: Row) -> Document:
        kind = row_id.partition(":")[0]
        return self.container.document(
            partition,
            row_id,
            key=row.key,
            revision=row.revision,
            # Kinds share a partition, so a standing is listed under its kind.
            standing=f"{kind}:{row.standing}" if row.standing else None,
            ttl=None if row.standing else int(TOMBSTONE_KEPT.total_seconds()),
            content=row.content,
        )


def partition_of(tenant_id: str, total: Total) -> Partition:
    """The partition that holds the total's rows."""
    return tenant_id, f"{total.policy}:{total.period}"


def _writing(document: Document, stored: Mapping[str, Any] | None) -> Operation:
    if stored is None:
        return "create", (document,), {}
    return "replace", (document["id"], document), {"if_match_etag": stored["_etag"]}


def _nothing_beside(_: Row | None) -> Sequence[Operation]:
    return ()


def _id(total: Total, key: str) -> str:
    return f"{total.kind}:{key}"


def _row(document: Mapping[str, Any]) -> Row:
    standing = document.get("standing")
    return Row(
        key=document["key"],
        revision=document["revision"],
        standing=standing.partition(":")[2] if standing else None,
        content=document["content"],
    )
