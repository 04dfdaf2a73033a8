"""Service Bus triggers: takes messages from their subscriptions and runs the functions, one message at a time each."""

import asyncio
import logging

from azure.functions.meta import Datum

from local.index import Function
from shared.embedded.bus import Delivery, EmbeddedBus

CONCURRENT_CALLS = 32
"""Per function; the Functions host runs 16 per core."""

_log = logging.getLogger(__name__)


class Pump:
    """Delivers one subscription's messages to its function, at least once."""

    def __init__(self, bus: EmbeddedBus, function: Function) -> None:
        self._bus = bus
        self._function = function
        self._slots = asyncio.Semaphore(CONCURRENT_CALLS)
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; then what is in hand is finished first."""
        try:
            while True:
                for delivery in await self._bus.receive(self._function.trigger["subscriptionName"], CONCURRENT_CALLS):
                    await self._slots.acquire()
                    task = asyncio.create_task(self._handle(delivery))
                    self._in_hand.add(task)
                    task.add_done_callback(self._handled)
        finally:
            await asyncio.gather(*self._in_hand, return_exceptions=True)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._slots.release()

    async def _handle(self, delivery: Delivery) -> None:
        try:
            await self._function.run(self._function.decode(Datum(delivery.body, "bytes"), _metadata(delivery)))
        except Exception as failure:
            _log.exception("function %s failed on delivery %d", self._function.name, delivery.delivery_count)
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
