"""The sweep: finds conversations that are due, performs their effects, and publishes `inactivity.timeout`."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.conversations.ports import ConversationStore, Head
from shared.effects.dispatcher import Dispatcher
from shared.events.bus import EventPublisher
from shared.events.envelope import format_time
from shared.events.types.inactivity_timeout import InactivityTimeout, TimeoutData
from shared.metrics import OVERDUE
from shared.telemetry import OFF, Telemetry
from shared.tenants.configurations import Configurations
from shared.timers.asked import Asked

SOURCE = "/patchbay/sweep"
"""The source of the sweep's `inactivity.timeout` events."""

_log = logging.getLogger(__name__)

MAX_CONVERSATIONS = 10_000
"""Conversations of one tenant in one run, and questions of one tenant that wait for their answers."""
_BATCH_SIZE = 100
"""Conversations whose heads are read together, and whose timeouts are published together."""
OVERDUE_AFTER = timedelta(minutes=15)
"""How long after `attention_at` a conversation is overdue: several sweeps ran, and its actions were not performed."""


@dataclass(frozen=True)
class Sweep:
    """Sweeps all tenants. It may run at any time, and several times at once."""

    conversations: ConversationStore
    configurations: Configurations
    effects: Dispatcher
    publisher: EventPublisher
    clock: Clock
    telemetry: Telemetry = OFF
    asked: Asked = field(default_factory=Asked)

    async def run(self) -> int:
        """Perform the effects that are due, and publish a timeout for each conversation whose due actions are.

        Returns how many conversations were due. A timeout that is still on its way is not published again for an hour;
        one that is published twice does no harm.
        """
        swept, overdue = 0, 0
        now = self.clock.now()
        for tenant_id in await self.configurations.tenants():
            due = await self.conversations.due(tenant_id, now, MAX_CONVERSATIONS)
            keys = self.asked.unasked(tenant_id, due, now)
            for first in range(0, len(keys), _BATCH_SIZE):
                await self._sweep_batch(tenant_id, keys[first : first + _BATCH_SIZE], now)
            swept += len(due)
            overdue += sum(now - at > OVERDUE_AFTER for at in due.values())
        self.telemetry.metrics.show(OVERDUE, overdue)
        return swept

    async def _sweep_batch(self, tenant_id: str, keys: Sequence[str], now: datetime) -> None:
        heads = await self._heads(tenant_id, keys)
        left_over = [head for head in heads if head.due_effects(now)]
        await asyncio.gather(*(self._perform_left_over(tenant_id, head) for head in left_over))
        asked = [head for head in heads if head.due_at is not None and head.due_at <= now]
        await self.publisher.publish(tenant_id, [self._timeout(tenant_id, head) for head in asked])
        for head in asked:
            # One whose effects could not be performed is looked at again in the next run.
            if head.attention_at is not None and not head.due_effects(now):
                self.asked.note(tenant_id, head.conversation.key, head.attention_at, now)

    async def _heads(self, tenant_id: str, keys: Sequence[str]) -> list[Head]:
        found = await asyncio.gather(*(self.conversations.read_head(tenant_id, key) for key in keys))
        return [head for head, _ in filter(None, found)]

    async def _perform_left_over(self, tenant_id: str, head: Head) -> None:
        key = head.conversation.key
        try:
            await self.effects.perform_left_over(tenant_id, key)
        except Exception:
            # A conversation whose head cannot be saved must not keep the others waiting.
            _log.exception("effects are left over", extra={"tenant": tenant_id, "key": key})

    def _timeout(self, tenant_id: str, head: Head) -> InactivityTimeout:
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
            data=TimeoutData(due_at=format_time(head.due_at) if head.due_at else now),
        )
