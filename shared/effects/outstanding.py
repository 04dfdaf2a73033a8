"""Finds conversations whose ledger rows are recorded, but not posted yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.effect import LEFT_OVER_AFTER, Contribute
from shared.conversations.ports import ConversationStore
from shared.usage.ledger import SESSIONS

_MAX_HEADS = 10_000


@dataclass(frozen=True)
class Outstanding:
    """Implements `Outboxes`: reads the outboxes of heads."""

    conversations: ConversationStore
    clock: Clock

    async def outstanding(self, tenant_id: str, month: str) -> Sequence[str]:
        """The keys of conversations with a row for this month, or an earlier one, in their outbox.

        A head with an outbox is due 30 s after its commit, so the heads that are due by then are all. If more than
        10,000 are due, a row may be missed. It is posted after the closing then, as a correction, and is not lost.
        """
        keys = await self.conversations.due(tenant_id, self.clock.now() + LEFT_OVER_AFTER, _MAX_HEADS)
        return [key for key in keys if await self._is_outstanding(tenant_id, key, month)]

    async def _is_outstanding(self, tenant_id: str, key: str, month: str) -> bool:
        found = await self.conversations.read_head(tenant_id, key)
        effects = found[0].outbox.values() if found else ()
        totals = (effect.total for effect in effects if isinstance(effect, Contribute))
        return any(total.kind == SESSIONS and total.period <= month for total in totals)
