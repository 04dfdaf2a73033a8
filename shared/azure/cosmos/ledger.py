"""The ledger on Cosmos DB: one partition per tenant, policy and month holds its rows and its days.

Posting is the writing of a row with the patches of its days' counters beside it, which hold while the days are open.
Closing is one batch, too: it closes every counting document by the ETag with which it was read.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from shared.azure.cosmos.container import Container, Operation
from shared.azure.cosmos.contributions import Beside, CosmosRows, FailedBeside, partition_of
from shared.azure.cosmos.day_documents import COUNTING, books_of, closed, day_of, guarded_patches, opened, restated
from shared.azure.cosmos.failures import (
    CHANGED,
    MISSING,
    OperationFailed,
    WrittenMeanwhile,
    retry_when_written_meanwhile,
)
from shared.azure.cosmos.keys import Partition
from shared.contributions.counters import Counted
from shared.contributions.row import Row, Total
from shared.errors import DayClosed
from shared.usage.ledger import SESSIONS, Books, BooksChanged, DayCounts
from shared.usage.ledger_on_rows import LedgerOnRows
from shared.usage.rating import INVOICED


class CosmosLedger(LedgerOnRows):
    """Implements `Ledger` for one policy."""

    _rows: CosmosRows

    def __init__(self, container: Container, policy: str = INVOICED.name) -> None:
        self._container = container
        self._rows = CosmosRows(container)
        self._policy = policy

    async def _put(
        self, tenant_id: str, total: Total, row: Row, new: Counted, counted: Callable[[Row], Counted]
    ) -> int:
        def patches(stored: Row | None) -> Sequence[Operation]:
            return guarded_patches(counted(stored) if stored else None, new)

        def created(_: Row | None) -> Sequence[Operation]:
            days = opened(self._container, partition_of(tenant_id, total), total.period, new)
            return [("create", (day,), {}) for day in days]

        name = "post" if total.kind == SESSIONS else "correct"
        write = partial(self._rows.replace, name, tenant_id, total, row)
        return await retry_when_written_meanwhile(_write_and_count, write, patches, created)

    async def books(self, tenant_id: str, month: str) -> Books:
        return books_of(await self._container.query("books", self._partition(tenant_id, month), COUNTING))

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        partition = self._partition(tenant_id, month)
        await self._change_books("close", partition, closed(self._container, partition, month, books, at))

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        partition = self._partition(tenant_id, month)
        await self._change_books("restate", partition, restated(self._container, partition, month, books, counts))

    async def _change_books(self, name: str, partition: Partition, operations: Sequence[Operation]) -> None:
        """Carry out the operations, which hold for the books as they were read. Raises BooksChanged."""
        try:
            await self._container.batch(name, partition, operations)
        except OperationFailed as failed:
            raise BooksChanged from failed

    async def months(self, tenant_id: str) -> Sequence[str]:
        query = "SELECT VALUE c.firstOf FROM c WHERE c.tenantId = @tenant AND c.firstOf >= @first AND c.firstOf < @last"
        # All that begins with the policy and a colon is less than the policy and the character after the colon.
        first, last = f"{self._policy}:", f"{self._policy};"
        found = await self._container.query("months", (tenant_id,), query, tenant=tenant_id, first=first, last=last)
        return sorted(each.removeprefix(first) for each in found)

    def _partition(self, tenant_id: str, month: str) -> Partition:
        return partition_of(tenant_id, self._total(SESSIONS, month))


async def _write_and_count(write: Callable[[Beside], Awaitable[int]], patches: Beside, created: Beside) -> int:
    """Write the row and patch its counters, or, with the first row of a month, create the documents that hold them.

    Raises DayClosed, or WrittenMeanwhile after another post.
    """
    try:
        return await write(patches)
    except FailedBeside as failed:
        if failed.status == CHANGED:
            raise DayClosed(day_of(failed.operation)) from failed
        if failed.status != MISSING or failed.replaced:
            raise
    try:
        return await write(created)
    except FailedBeside as taken:
        raise WrittenMeanwhile from taken
