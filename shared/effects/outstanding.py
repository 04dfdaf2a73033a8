"""Which conversations have rows that are recorded, and not on the books yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.effect import LEFT_OVER_AFTER, PostLedgerRow
from shared.conversations.ports import ConversationStore

_MOST = 10_000


@dataclass(frozen=True)
class Outstanding:
    """Implements `Outboxes`: looks into the outboxes of heads."""

    conversations: ConversationStore
    clock: Clock

    async def outstanding(self, tenant_id: str, month: str) -> Sequence[str]:
        """A head with an outbox is due within 30 s of its commit, so those that are due by then are all there are.

        Where very many are due, the sweep is behind, and a row may hide among those that were not looked at; but a row
        that is posted after the closing becomes a correction, and is lost no more than any other.
        """
        keys = await self.conversations.due(tenant_id, self.clock.now() + LEFT_OVER_AFTER, _MOST)
        return [key for key in keys if await self._is_outstanding(tenant_id, key, month)]

    async def _is_outstanding(self, tenant_id: str, key: str, month: str) -> bool:
        found = await self.conversations.read_head(tenant_id, key)
        effects = found[0].outbox.values() if found else ()
        return any(isinstance(effect, PostLedgerRow) and effect.row.month <= month for effect in effects)
