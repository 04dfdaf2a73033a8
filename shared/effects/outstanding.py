"""Posts the ledger rows that are recorded, but not posted yet, and tells which ones remain."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.conversations.effect import Contribute, Outbox, PendingEffect, is_blocked, is_tombstone
from shared.conversations.ports import ConversationStore
from shared.effects.dispatcher import Dispatcher
from shared.errors import HeadChanged
from shared.retry import retrying
from shared.usage.closing import Unposted

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

    async def _post(self, tenant_id: str, key: str, month: str) -> list[Unposted]:
        """Raises HeadChanged and StoreUnavailable."""
        await self.effects.perform_left_over(tenant_id, key, whatever_pause=True)
        found = await self.conversations.read_head(tenant_id, key)
        outbox = found[0].outbox if found else {}
        return [
            Unposted(key, name, pending.last_error, pending.is_parked)
            for name, pending in _in_the_way(outbox, month).items()
        ]


def _in_the_way(outbox: Outbox, month: str) -> Outbox:
    """The rows of this month, or of earlier ones, that can be posted, and the tombstones that the others wait for."""
    rows = {name: each for name, each in outbox.items() if _concerns(each, month)}
    free = {name: each for name, each in rows.items() if not is_blocked(each, outbox)}
    tombstones = {name: each for name, each in outbox.items() if is_tombstone(each)}
    return free if len(free) == len(rows) else {**free, **tombstones}


def _concerns(pending: PendingEffect, month: str) -> bool:
    """True if a row of this month, or of an earlier one, is still to be posted."""
    return isinstance(pending.effect, Contribute) and pending.effect.total.period <= month
