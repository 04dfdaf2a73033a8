"""Posts the ledger rows that are recorded, but not posted yet, and tells which ones remain."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.conversations.effect import Contribute, Outbox, PendingEffect, is_blocked, is_tombstone
from shared.conversations.ports import ConversationStore
from shared.effects.dispatcher import Dispatcher
from shared.errors import HeadChanged
from shared.retry import retrying
from shared.usage.closing import Unposted

_LAST_MONTH = "9999-12"
_MAX_HEADS = 1000
"""Conversations that are posted together."""


@dataclass(frozen=True)
class Outstanding:
    """Implements `Outboxes`: performs what is in the outboxes of heads."""

    conversations: ConversationStore
    effects: Dispatcher

    async def post(self, tenant_id: str, month: str) -> Sequence[Unposted]:
        while True:
            keys = await self.conversations.unposted(tenant_id, month, _MAX_HEADS)
            left = [one for key in keys for one in await retrying(HeadChanged, self._post, tenant_id, key, month)]
            # What remains is not tried twice: each try is one of its ten attempts.
            if left or len(keys) < _MAX_HEADS:
                return left

    async def earliest(self, tenant_id: str) -> str | None:
        keys = await self.conversations.unposted(tenant_id, _LAST_MONTH, _MAX_HEADS)
        found = [await self.conversations.read_head(tenant_id, key) for key in keys]
        months = (head.unposted_month for head, _ in filter(None, found))
        return min((month for month in months if month), default=None)

    async def _post(self, tenant_id: str, key: str, month: str) -> list[Unposted]:
        """Raises HeadChanged and StoreUnavailable."""
        await self.effects.perform_left_over(tenant_id, key, whatever_pause=True)
        found = await self.conversations.read_head(tenant_id, key)
        outbox = found[0].outbox if found else {}
        return [
            Unposted(key, name, waited_for.last_error, waited_for.is_parked)
            for pending in outbox.values()
            if _concerns(pending, month)
            for name, waited_for in _waited_for(pending, outbox).items()
        ]


def _waited_for(pending: PendingEffect, outbox: Outbox) -> Outbox:
    """The effects that must be done for this one to be: it alone, or the tombstones that it waits for."""
    if is_blocked(pending, outbox):
        return {name: each for name, each in outbox.items() if is_tombstone(each)}
    return {name: each for name, each in outbox.items() if each is pending}


def _concerns(pending: PendingEffect, month: str) -> bool:
    """True if a row of this month, or of an earlier one, is still to be posted."""
    return isinstance(pending.effect, Contribute) and pending.effect.total.period <= month
