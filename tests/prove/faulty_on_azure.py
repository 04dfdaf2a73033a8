"""What controls hand to the proofs on Azure's services: adapters that are wrong in one thing.

    python -m tests.prove.faulty_on_azure CLOCK

runs the functions on Azure's services (`tests/azure/cloud_host.py`) with a ledger that takes nothing away.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from shared.azure.cosmos.containers import CONVERSATIONS
from shared.azure.cosmos.contributions import partition_of
from shared.azure.cosmos.conversations import CosmosConversations
from shared.azure.cosmos.day_documents import guarded_patches
from shared.azure.cosmos.ledger import CosmosLedger
from shared.conversations.fact import Fact
from shared.conversations.ports import Beside, Head
from shared.pipeline import Adapters
from shared.usage.ledger import LedgerRow
from tests.azure import cloud_host
from tests.azure.databases import Stores, a_year


class TakesNothingAway(CosmosLedger):
    """Adds to a day what it took away from it, when a row replaces another one."""

    @classmethod
    def instead(cls, adapters: Adapters) -> Adapters:
        """Such a ledger in the place of the one that is there."""
        assert isinstance(adapters.ledger, CosmosLedger)
        return replace(adapters, ledger=cls(adapters.ledger._container))

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        old = await self.row(tenant_id, row.month, row.key)
        kept_out_by = await super().post(tenant_id, row)
        if old and old.revision < row.revision:
            await self._container.batch("post", partition_of(tenant_id, row.total), guarded_patches(None, old))
        return kept_out_by


class WithoutOutbox(CosmosConversations):
    """Commits heads without what is still to be performed."""

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, facts, head.without(head.outbox), etag, beside)


class StoresWithoutOutbox(Stores):
    def conversations(self) -> CosmosConversations:
        return WithoutOutbox(self.container(CONVERSATIONS), a_year, self.archive)


def taking_nothing_away(_: Path, clock: datetime) -> Sequence[str]:
    """The command of a host with such a ledger."""
    return [sys.executable, "-m", __name__, clock.isoformat()]


if __name__ == "__main__":
    asyncio.run(cloud_host.main(*sys.argv[1:], change=TakesNothingAway.instead))
