"""Service Bus triggers: takes messages from their subscriptions and runs the functions, one message at a time each."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from azure.functions.meta import Datum

from local.index import Function
from shared.embedded.bus import Delivery

CONCURRENT_CALLS = 32
"""Per function; the Functions host runs 16 per core."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 5.0
"""Seconds between a failed delivery and the next, doubled each time."""

_log = logging.getLogger(__name__)


class Bus(Protocol):
    """What messages are taken from: the embedded bus, or another one whose messages come as its deliveries."""

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        """Lock up to `limit` messages, waiting where there is none."""
        ...

    async def complete(self, delivery: Delivery) -> bool:
        """Remove the message. False where the lock ran out before."""
        ...

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        """Give the message back, or bury it as a dead letter after its tenth delivery."""
        ...


class Pump:
    """Delivers one subscription's messages to its function, at least once."""

    def __init__(self, bus: Bus, function: Function) -> None:
        self._bus = bus
        self._function = function
        self._slots = asyncio.Semaphore(CONCURRENT_CALLS)
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; then what is in hand is finished first."""
        try:
            while True:
                for delivery in await self._received():
                    await self._slots.acquire()
                    task = asyncio.create_task(self._handle(delivery))
                    self._in_hand.add(task)
                    task.add_done_callback(self._handled)
        finally:
            await asyncio.gather(*self._in_hand, return_exceptions=True)

    async def _received(self) -> Sequence[Delivery]:
        try:
            return await self._bus.receive(self._function.trigger["subscriptionName"], CONCURRENT_CALLS)
        except Exception:
            # A full disk today must not leave a subscription without its pump for good.
            _log.exception("function %s cannot receive", self._function.name)
            await asyncio.sleep(_LONGEST_PAUSE)
            return []

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._slots.release()

    async def _handle(self, delivery: Delivery) -> None:
        try:
            await self._function.run(self._function.decode(Datum(delivery.body, "bytes"), _metadata(delivery)))
        except Exception as failure:
            _log.exception("function %s failed on delivery %d", self._function.name, delivery.delivery_count)
            # Ten deliveries within milliseconds would give no fault the time to pass.
            await asyncio.sleep(min(_SHORTEST_PAUSE * 2**delivery.delivery_count, _LONGEST_PAUSE))
            await self._bus.abandon(delivery, type(failure).__name__)
        else:
            await self._bus.complete(delivery)


def _metadata(delivery: Delivery) -> dict[str, Datum]:
    return {
        "MessageId": Datum(delivery.message_id, "string"),
        "DeliveryCount": Datum(delivery.delivery_count, "int"),
        "SequenceNumber": Datum(delivery.sequence, "int"),
        "EnqueuedTimeUtc": Datum(delivery.enqueued_at, "string"),
        "UserProperties": Datum("{}", "json"),
    }
