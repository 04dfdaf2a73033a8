"""The pump hands each message to its function, completes what was handled, and gives back what failed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import azure.functions as func
import pytest

from local.index import Function
from local.pump import CONCURRENT_CALLS, Bus, Pump
from shared.embedded.messages import Delivery

Code = Callable[[func.ServiceBusMessage], Awaitable[None]]


class ScriptedBus:
    """A bus with these messages, whose completing writes wait until `writable` is set."""

    def __init__(self, *message_ids: str) -> None:
        self.waiting = [Delivery(n, "lines", name, name.encode(), "", 10) for n, name in enumerate(message_ids)]
        self.writes: list[list[str]] = []
        self.abandoned: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.failures: list[Exception] = []

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        while not self.waiting:
            self.changed.clear()
            await self.changed.wait()
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    async def complete(self, *deliveries: Delivery) -> bool:
        await self.writable.wait()
        self._fail()
        self.writes.append([delivery.message_id for delivery in deliveries])
        return True

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        self._fail()
        self.abandoned.append((delivery.message_id, reason))

    def send(self, *message_ids: str) -> None:
        self.waiting += ScriptedBus(*message_ids).waiting
        self.changed.set()

    @property
    def completed(self) -> list[str]:
        return sorted(name for write in self.writes for name in write)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop()


@asynccontextmanager
async def pumped(bus: Bus, code: Code) -> AsyncIterator[asyncio.Task[None]]:
    """A pump that runs meanwhile, and is then told to stop."""
    trigger = {"type": "serviceBusTrigger", "name": "message", "subscriptionName": "lines"}
    running = asyncio.create_task(Pump(bus, Function("lines", trigger, code), max_pause=0).run())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running], timeout=10)
        assert running.done()


async def until(true: Callable[[], bool]) -> None:
    """Let the pump go on until this is so."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not come true")


async def test_each_message_is_handled_and_completed_once() -> None:
    bodies: list[bytes] = []

    async def keep(message: func.ServiceBusMessage) -> None:
        bodies.append(message.get_body())

    # Given more messages than are taken at once
    names = [f"m{number:03}" for number in range(3 * CONCURRENT_CALLS + 1)]
    bus = ScriptedBus(*names)
    # When they are pumped, then each is
    async with pumped(bus, keep):
        await until(lambda: len(bus.completed) >= len(names))
    assert sorted(bodies) == [name.encode() for name in names]
    assert bus.completed == names


async def test_what_was_handled_during_a_write_is_completed_with_one_more() -> None:
    # Given a message whose completing write is under way
    bus = ScriptedBus("first")
    bus.writable.clear()
    handled = 0

    async def count(message: func.ServiceBusMessage) -> None:
        nonlocal handled
        handled += 1

    async with pumped(bus, count):
        await until(lambda: handled == 1)
        # When others are handled meanwhile, then nobody waits for the write
        bus.send("a", "b")
        await until(lambda: handled == 3)
        bus.send("c")
        await until(lambda: handled == 4)
        assert bus.writes == []
        # and when it is over, all of them are completed together
        bus.writable.set()
        await until(lambda: len(bus.completed) == 4)
    assert bus.writes == [["first"], ["a", "b", "c"]]


async def test_no_more_messages_are_in_hand_than_the_function_may_have() -> None:
    busy, most, go_on = 0, 0, asyncio.Event()

    async def wait(message: func.ServiceBusMessage) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await go_on.wait()
        busy -= 1

    bus = ScriptedBus(*(f"{number}" for number in range(5 * CONCURRENT_CALLS)))
    async with pumped(bus, wait):
        # Given that all calls are taken, and nothing more is fetched than waits for the next
        await until(lambda: busy == CONCURRENT_CALLS)
        await until(lambda: len(bus.waiting) == 3 * CONCURRENT_CALLS)
        # When they end, then the others follow
        go_on.set()
        await until(lambda: len(bus.completed) == 5 * CONCURRENT_CALLS)
    assert most == CONCURRENT_CALLS


async def test_a_failed_message_is_given_back_and_the_others_go_on() -> None:
    async def fail(message: func.ServiceBusMessage) -> None:
        if message.get_body() == b"bad":
            raise ValueError("no")

    bus = ScriptedBus("bad", "good")
    async with pumped(bus, fail):
        await until(lambda: bool(bus.abandoned and bus.completed))
    assert (bus.abandoned, bus.completed) == ([("bad", "ValueError")], ["good"])


async def test_a_function_whose_own_work_is_cancelled_has_failed() -> None:
    async def cancelled(message: func.ServiceBusMessage) -> None:
        if message.get_body() == b"bad":
            work = asyncio.get_running_loop().create_future()
            work.cancel()
            await work

    # Given as many failures as there are calls
    bus = ScriptedBus(*["bad"] * CONCURRENT_CALLS, "good")
    # When they are over, then there are still calls
    async with pumped(bus, cancelled):
        await until(lambda: bus.completed == ["good"])
    assert bus.abandoned == [("bad", "CancelledError")] * CONCURRENT_CALLS


@pytest.mark.parametrize("name", ["good", "bad"])
async def test_a_bus_that_cannot_write_for_a_while_ends_no_pump(name: str) -> None:
    async def fail(message: func.ServiceBusMessage) -> None:
        if message.get_body() == b"bad":
            raise ValueError("no")

    # Given a bus that fails once, at completing a message or at giving it back
    bus = ScriptedBus(name)
    bus.failures.append(OSError("disk full"))
    async with pumped(bus, fail):
        await until(lambda: not bus.failures)
        # When another message comes, then it is handled
        bus.send("later")
        await until(lambda: bus.completed == ["later"])


async def test_a_pump_that_stops_finishes_what_is_in_hand_and_begins_nothing() -> None:
    begun, go_on = 0, asyncio.Event()

    async def wait(message: func.ServiceBusMessage) -> None:
        nonlocal begun
        begun += 1
        await go_on.wait()

    # Given a pump with as much in hand as it may have, and more that it has taken
    bus = ScriptedBus(*(f"{number}" for number in range(2 * CONCURRENT_CALLS)))
    bus.writable.clear()
    async with pumped(bus, wait) as running:
        await until(lambda: begun == CONCURRENT_CALLS and not bus.waiting)
        # When it is told to stop, then it waits for the calls, and for the write that completes them
        running.cancel()
        await until(lambda: running.cancelling() > 0)
        go_on.set()
        with pytest.raises(AssertionError):
            await until(running.done)
        bus.writable.set()
        await asyncio.wait([running], timeout=10)
    # and has begun no other
    assert (begun, len(bus.completed)) == (CONCURRENT_CALLS, CONCURRENT_CALLS)
