"""The sweep: finds conversations whose time has come, and has somebody look after them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.conversations.ports import ConversationStore, Head
from shared.effects.outbox import Outbox
from shared.events.bus import EventPublisher
from shared.events.catalog import InactivityTimeout, TimeoutData
from shared.events.envelope import format_time
from shared.metrics import OVERDUE
from shared.telemetry import OFF, Telemetry
from shared.tenants.history import Configurations

SOURCE = "/patchbay/sweep"
"""The source of the questions that the sweep asks."""

_log = logging.getLogger(__name__)

MOST = 10_000
"""Conversations of one tenant in one run; those behind them come in the next one."""
_AT_ONCE = 100
"""So many are looked at together, and asked about in one batch on the bus."""
OVERDUE_AFTER = timedelta(minutes=15)
"""So long after its time a conversation is overdue: sweeps came and went, and nobody saw to it."""


@dataclass(frozen=True)
class Sweep:
    """Safe to run at any time, in any number."""

    conversations: ConversationStore
    configurations: Configurations
    outbox: Outbox
    publisher: EventPublisher
    clock: Clock
    telemetry: Telemetry = OFF

    async def run(self) -> int:
        """Perform left-over outboxes, and ask the question of silence where it is due; of how many conversations.

        A question that is not answered before the next run is asked once more, which does no harm.
        """
        seen, overdue = 0, 0
        now = self.clock.now()
        for tenant_id in await self.configurations.tenants():
            keys = await self.conversations.due(tenant_id, now, MOST)
            for first in range(0, len(keys), _AT_ONCE):
                overdue += await self._look_after(tenant_id, keys[first : first + _AT_ONCE], now)
            seen += len(keys)
        self.telemetry.metrics.show(OVERDUE, overdue)
        return seen

    async def _look_after(self, tenant_id: str, keys: Sequence[str], now: datetime) -> int:
        """How many of these conversations are overdue."""
        heads = await self._heads(tenant_id, keys)
        left_over = [head for head in heads if head.outbox]
        await asyncio.gather(*(self._perform_left_over(tenant_id, head) for head in left_over))
        await self.publisher.publish(tenant_id, [self._question(tenant_id, one) for one in heads if not one.outbox])
        return sum(head.attention_at is not None and now - head.attention_at > OVERDUE_AFTER for head in heads)

    async def _heads(self, tenant_id: str, keys: Sequence[str]) -> list[Head]:
        found = await asyncio.gather(*(self.conversations.read_head(tenant_id, key) for key in keys))
        return [head for head, _ in filter(None, found)]

    async def _perform_left_over(self, tenant_id: str, head: Head) -> None:
        key = head.conversation.key
        try:
            await self.outbox.perform_left_over(tenant_id, key)
        except Exception:
            # One conversation whose effect fails must not keep the others behind it waiting.
            _log.exception("an outbox is left over", extra={"tenant": tenant_id, "key": key})

    def _question(self, tenant_id: str, head: Head) -> InactivityTimeout:
        now = format_time(self.clock.now())
        return InactivityTimeout(
            specversion="1.0",
            id=f"sweep:{head.revision}:{now}",
            source=SOURCE,
            type="inactivity.timeout",
            subject=head.conversation.conversation_id,
            time=now,
            tenantid=tenant_id,
            datacontenttype="application/json",
            data=TimeoutData(due_at=format_time(head.attention_at) if head.attention_at else now),
        )
