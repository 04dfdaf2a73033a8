"""Two ways through the local bus: for tenants that have a few messages waiting, and for those that have many.

Who has a few never waits behind who has many. While there are both, of the many only some are handled at a time, so
that an event of the few meets little that is under way.
"""

import asyncio
from collections.abc import Sequence

from shared.embedded.bus import EmbeddedBus
from shared.embedded.messages import Delivery

AT_ONCE = 2
"""Messages of tenants with many that are handled together while other tenants are active."""
REST_SECONDS = 0.005
"""How long none of them is begun after the ones before, so that the process is idle half of the time."""


class FewWaiting:
    """The bus for tenants with a few messages."""

    def __init__(self, bus: EmbeddedBus) -> None:
        self._bus = bus
        self.complete = bus.complete
        self.abandon = bus.abandon

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        return await self._bus.receive(subscription, limit, "few")


class ManyWaiting:
    """The bus for tenants with many messages, which makes way for the others."""

    def __init__(self, bus: EmbeddedBus) -> None:
        self._bus = bus
        self._in_hand = 0
        self._turn = asyncio.Lock()
        self._returned = asyncio.Event()

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        most = min(limit, AT_ONCE) if self._bus.few_are_active() else limit
        deliveries = await self._bus.receive(subscription, most, "many")
        async with self._turn:
            while self._in_hand and self._in_hand + len(deliveries) > AT_ONCE and self._bus.few_are_active():
                self._returned.clear()
                await self._returned.wait()
            if self._bus.few_are_active():
                await asyncio.sleep(REST_SECONDS)
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


def lanes_of(bus: EmbeddedBus) -> tuple[FewWaiting, ManyWaiting]:
    """Both ways through the bus. All messages come by one of them."""
    return FewWaiting(bus), ManyWaiting(bus)
