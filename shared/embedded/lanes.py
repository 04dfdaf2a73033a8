"""Two ways through the local bus: for tenants that have a few messages waiting, and for those that have many.

Who has a few never waits behind who has many. While there are both, of the many only some are handled at a time, so
that an event of the few meets little that is under way.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.embedded.bus import Delivery, EmbeddedBus

AT_ONCE = 4
"""Messages of tenants with many that are handled together while other tenants are active."""
_MOST_TENANTS = 1000
ACTIVE = timedelta(minutes=1)
"""How long a tenant counts as active after it had a message."""


class FewWaiting:
    """The bus for tenants with a few messages."""

    def __init__(self, bus: EmbeddedBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._last: OrderedDict[str, datetime] = OrderedDict()
        """When each tenant had a message, the latest last."""
        self.complete = bus.complete
        self.abandon = bus.abandon

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        deliveries = await self._bus.receive(subscription, limit, "few")
        now = self._clock.now()
        for tenant_id in {delivery.tenant_id for delivery in deliveries}:
            self._last[tenant_id] = now
            self._last.move_to_end(tenant_id)
        while len(self._last) > _MOST_TENANTS:
            self._last.popitem(last=False)
        return deliveries

    def is_active(self) -> bool:
        """True if a tenant that still has a few messages had one lately."""
        now = self._clock.now()
        for tenant_id, last in reversed(self._last.items()):
            if now - last >= ACTIVE:
                return False
            if not self._bus.has_many(tenant_id):
                return True
        return False


class ManyWaiting:
    """The bus for tenants with many messages, which makes way for the others."""

    def __init__(self, bus: EmbeddedBus, others: FewWaiting) -> None:
        self._bus = bus
        self._others = others
        self._in_hand = 0
        self._turn = asyncio.Lock()
        self._returned = asyncio.Event()

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        most = min(limit, AT_ONCE) if self._others.is_active() else limit
        deliveries = await self._bus.receive(subscription, most, "many")
        async with self._turn:
            while self._in_hand and self._in_hand + len(deliveries) > AT_ONCE and self._others.is_active():
                self._returned.clear()
                await self._returned.wait()
            self._in_hand += len(deliveries)
        return deliveries

    async def complete(self, *deliveries: Delivery) -> bool:
        self._give_back(len(deliveries))
        return await self._bus.complete(*deliveries)

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        self._give_back(1)
        await self._bus.abandon(delivery, reason)

    def _give_back(self, count: int) -> None:
        self._in_hand -= count
        self._returned.set()


def lanes_of(bus: EmbeddedBus, clock: Clock) -> tuple[FewWaiting, ManyWaiting]:
    """Both ways through the bus. All messages come by one of them."""
    few = FewWaiting(bus, clock)
    return few, ManyWaiting(bus, few)
