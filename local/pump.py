"""Service Bus triggers: takes messages from their subscriptions and runs the functions, one message at a time each."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from azure.functions.meta import Datum

from local.index import Function
from shared.embedded.messages import Delivery

CONCURRENT_CALLS = 32
"""Per function; the Functions host runs 16 per core."""

_MIN_PAUSE, MAX_PAUSE = 0.02, 5.0
"""Seconds between a failed delivery and the next, doubled each time."""

_METADATA = {"UserProperties": Datum("{}", "json")}
"""All that the converter asks for: no function reads a message's properties (`functions/bus.py`)."""

_log = logging.getLogger(__name__)


class Bus(Protocol):
    """The port to a bus: the embedded one, or another whose messages come as the same deliveries."""

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        """Lock up to `limit` messages; wait if there is none."""
        ...

    async def complete(self, *deliveries: Delivery) -> bool:
        """Remove the messages. False if the lock of one ran out before."""
        ...

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        """Unlock the message; after its tenth delivery it becomes a dead letter."""
        ...


class Pump:
    """Delivers one subscription's messages to its function, at least once.

    Callers take the messages that are waiting, each one at a time. What they have handled is completed together: one
    write for all that were handled while the write before was under way.
    """

    def __init__(self, bus: Bus, function: Function, max_pause: float = MAX_PAUSE) -> None:
        self._bus = bus
        self._function = function
        self._max_pause = max_pause
        self._waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._handled: list[Delivery] = []
        self._completing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Deliver until cancelled; then finish the deliveries in hand."""
        callers = [asyncio.create_task(self._call()) for _ in range(CONCURRENT_CALLS)]
        try:
            while True:
                for delivery in await self._received():
                    self._waiting.put_nowait(delivery)
                await self._waiting.join()
        finally:
            await self._finish(callers)

    async def _received(self) -> Sequence[Delivery]:
        try:
            return await self._bus.receive(self._function.trigger["subscriptionName"], CONCURRENT_CALLS)
        except Exception:
            # A passing failure, such as a full disk, must not end a subscription's pump for good.
            _log.exception("function %s cannot receive", self._function.name)
            await asyncio.sleep(self._max_pause)
            return []

    async def _call(self) -> None:
        """Handle one message after another, until there is None instead of one."""
        while (delivery := await self._waiting.get()) is not None:
            self._waiting.task_done()
            await self._handle(delivery)

    async def _handle(self, delivery: Delivery) -> None:
        try:
            await self._function.run(self._function.decode(Datum(delivery.body, "bytes"), _METADATA))
        except (Exception, asyncio.CancelledError) as failure:
            # Something that the function waited for may be cancelled; that is a failure, unless this task itself is.
            if (own := asyncio.current_task()) and own.cancelling():
                raise
            await self._give_back(delivery, failure)
        else:
            self._handled.append(delivery)
            if self._completing is None:
                self._completing = asyncio.create_task(self._complete())

    async def _give_back(self, delivery: Delivery, failure: BaseException) -> None:
        name, count = self._function.name, delivery.delivery_count
        _log.error("function %s failed on delivery %d", name, count, exc_info=failure)
        # Ten deliveries within milliseconds would give no fault the time to pass.
        await asyncio.sleep(min(_MIN_PAUSE * 2**count, self._max_pause))
        try:
            await self._bus.abandon(delivery, type(failure).__name__)
        except Exception:
            # It comes again when its lock runs out.
            _log.exception("function %s cannot give a message back", name)

    async def _complete(self) -> None:
        """Complete what is handled, until there is no more."""
        while self._handled:
            handled, self._handled = self._handled, []
            try:
                await self._bus.complete(*handled)
            except Exception:
                # They come again when their locks run out.
                _log.exception("function %s cannot complete", self._function.name)
        self._completing = None

    async def _finish(self, callers: Sequence[asyncio.Task[None]]) -> None:
        """Let the callers finish what they have in hand. What no caller has begun stays on the bus."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        for _ in callers:
            self._waiting.put_nowait(None)
        await asyncio.gather(*callers, return_exceptions=True)
        if self._completing is not None:
            await self._completing
