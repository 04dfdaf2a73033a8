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

_MIN_PAUSE, _MAX_PAUSE = 0.02, 5.0
"""Seconds between a failed delivery and the next, doubled each time."""

_log = logging.getLogger(__name__)


class Bus(Protocol):
    """The port to a bus: the embedded one, or another whose messages come as the same deliveries."""

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        """Lock up to `limit` messages; wait if there is none."""
        ...

    async def complete(self, delivery: Delivery) -> bool:
        """Remove the message. False if the lock ran out before."""
        ...

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        """Unlock the message; after its tenth delivery it becomes a dead letter."""
        ...


class Pump:
    """Delivers one subscription's messages to its function, at least once."""

    def __init__(self, bus: Bus, function: Function) -> None:
        self._bus = bus
        self._function = function
        self._slots = asyncio.Semaphore(CONCURRENT_CALLS)
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled; then finish the deliveries in hand."""
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
            # A passing failure, such as a full disk, must not end a subscription's pump for good.
            _log.exception("function %s cannot receive", self._function.name)
            await asyncio.sleep(_MAX_PAUSE)
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
            await asyncio.sleep(min(_MIN_PAUSE * 2**delivery.delivery_count, _MAX_PAUSE))
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
