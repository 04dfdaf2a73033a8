"""Every bus, with what tests need beside the ports: sending as any client, receiving, and dead-lettering."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from shared.azure.service_bus.connection import connect
from shared.azure.service_bus.dead_letters import ServiceBusDeadLetters
from shared.azure.service_bus.publisher import ServiceBusPublisher
from shared.clock import SystemClock
from shared.embedded.bus import EmbeddedBus
from shared.embedded.database import Database
from shared.events.bus import (
    MAX_DELIVERY_COUNT,
    SUBSCRIPTIONS,
    TOPIC,
    UNROUTED,
    DeadLetter,
    DeadLetters,
    EventPublisher,
    subscription_for,
)
from tests.azure.endpoints import alone, endpoint
from tests.fakes import MemoryBus, MemoryMessage

ALL = (*SUBSCRIPTIONS, UNROUTED)
Received = tuple[str, bytes]
"""Subscription, body."""


class Bus(Protocol):
    """A bus, and the ports to it."""

    publisher: EventPublisher
    letters: DeadLetters

    def another_process(self) -> tuple[EventPublisher, DeadLetters]:
        """The ports as another process has them."""
        ...

    async def empty(self) -> None:
        """Remove every message; dead letters, too, except on Service Bus, where that takes seconds."""
        ...

    async def send(self, subject: str | None, message_id: str, body: bytes) -> None:
        """Send messages as any client of the bus can."""
        ...

    async def received(self, count: int) -> list[Received]:
        """Receive and complete `count` messages at least, and all others that are there. Returns them sorted."""
        ...

    async def bury(self, subscription: str, reason: str) -> None:
        """Receive the subscription's next message, and make it a dead letter with this reason."""
        ...


class InMemory:
    """The fake in memory."""

    def __init__(self) -> None:
        self._bus = MemoryBus()
        self.publisher, self.letters = self.another_process()

    def another_process(self) -> tuple[EventPublisher, DeadLetters]:
        return self._bus, self._bus

    async def empty(self) -> None:
        self._bus.messages.clear()

    async def send(self, subject: str | None, message_id: str, body: bytes) -> None:
        self._bus.messages.append(MemoryMessage(subject, message_id, body))

    async def received(self, count: int) -> list[Received]:
        alive = [message for message in self._bus.messages if message.died is None]
        self._bus.messages = [message for message in self._bus.messages if message.died is not None]
        assert len(alive) >= count
        return sorted((subscription_for(message.subject), message.body) for message in alive)

    async def bury(self, subscription: str, reason: str) -> None:
        messages = self._bus.messages
        place = next(
            place
            for place, message in enumerate(messages)
            if message.died is None and subscription_for(message.subject) == subscription
        )
        message = messages[place]
        letter = DeadLetter(subscription, message.message_id, reason, datetime.now(UTC), message.resubmissions)
        messages[place] = replace(message, died=letter)


class OnSQLite:
    """The embedded bus."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bus = EmbeddedBus(database, SystemClock())
        self.publisher, self.letters = self.another_process()

    def another_process(self) -> tuple[EventPublisher, DeadLetters]:
        return self._bus, self._bus

    async def empty(self) -> None:
        await self._database.write(lambda connection: connection.execute("DELETE FROM messages"))

    async def send(self, subject: str | None, message_id: str, body: bytes) -> None:
        await self._bus.send([(subject, message_id, body)])

    async def received(self, count: int) -> list[Received]:
        # If nothing waits, nothing is received: a cancelled receive may have locked a message that came meanwhile.
        waiting = "SELECT DISTINCT subscription FROM messages WHERE dead_reason IS NULL"
        found: list[Received] = []
        while subscriptions := [row["subscription"] for row in self._database.query(waiting)]:
            found += [message for name in subscriptions for message in await self._from(name)]
        assert len(found) >= count
        return sorted(found)

    async def bury(self, subscription: str, reason: str) -> None:
        for _ in range(MAX_DELIVERY_COUNT):
            (delivery,) = await asyncio.wait_for(self._bus.receive(subscription, 1), 10)
            await self._bus.abandon(delivery, reason)

    async def _from(self, subscription: str) -> list[Received]:
        deliveries = await self._bus.receive(subscription, 1000)
        for delivery in deliveries:
            assert await self._bus.complete(delivery)
        return [(subscription, delivery.body) for delivery in deliveries]


class OnServiceBus:
    """Service Bus, over connections of its own beside the adapters'."""

    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._stranger = client.get_topic_sender(TOPIC)
        self._opened: list[ServiceBusReceiver | ServiceBusSender | ServiceBusPublisher] = [self._stranger]
        self._receivers: dict[str, ServiceBusReceiver] = {}
        self.publisher, self.letters = self.another_process()

    def another_process(self) -> tuple[EventPublisher, DeadLetters]:
        publisher = ServiceBusPublisher(self._client)
        self._opened.append(publisher)
        return publisher, ServiceBusDeadLetters(self._client, publisher, pause=timedelta(0))

    async def open(self) -> None:
        """Open a receiver for each subscription, and remove the messages that others left."""
        self._receivers = {name: self._client.get_subscription_receiver(TOPIC, name) for name in ALL}
        graves = [
            self._client.get_subscription_receiver(TOPIC, name, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
            for name in ALL
        ]
        receivers = [*self._receivers.values(), *graves]
        self._opened += self._receivers.values()
        await asyncio.gather(*(receiver.__aenter__() for receiver in receivers))
        await asyncio.gather(*(_emptied(receiver) for receiver in receivers))
        # A receiver that stays open would get the dead letters that the adapter asks for.
        await asyncio.gather(*(receiver.close() for receiver in graves))

    async def empty(self) -> None:
        await asyncio.gather(*(_emptied(receiver) for receiver in self._receivers.values()))

    async def is_empty(self) -> bool:
        """True if there is no message, neither waiting nor locked."""
        peeked = await asyncio.gather(*(receiver.peek_messages(1) for receiver in self._receivers.values()))
        return not any(peeked)

    async def close(self) -> None:
        """Close all at once, since each takes half a second."""
        await asyncio.gather(*(one.close() for one in self._opened))

    async def send(self, subject: str | None, message_id: str, body: bytes) -> None:
        await self._stranger.send_messages(ServiceBusMessage(body, message_id=message_id, subject=subject))

    async def received(self, count: int) -> list[Received]:
        found: list[Received] = []
        async with asyncio.timeout(30):
            while True:
                more = await asyncio.gather(*(_emptied(receiver) for receiver in self._receivers.values()))
                for name, messages in zip(self._receivers, more, strict=True):
                    found += [(name, b"".join(message.body)) for message in messages]
                if len(found) >= count:
                    return sorted(found)

    async def bury(self, subscription: str, reason: str) -> None:
        receiver = self._receivers[subscription]
        (message,) = await receiver.receive_messages(1, max_wait_time=10)
        await receiver.dead_letter_message(message, reason=reason)


async def _emptied(receiver: ServiceBusReceiver) -> Sequence[ServiceBusReceivedMessage]:
    found: list[ServiceBusReceivedMessage] = []
    while messages := await receiver.receive_messages(100, max_wait_time=0.1):
        for message in messages:
            await receiver.complete_message(message)
        found += messages
    return found


@asynccontextmanager
async def _memory(_: Path) -> AsyncIterator[Bus]:
    yield InMemory()


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Bus]:
    database = Database(folder / "patchbay.db")
    try:
        yield OnSQLite(database)
    finally:
        await database.close()


@asynccontextmanager
async def _azure(_: Path) -> AsyncIterator[Bus]:
    address = endpoint("TEST_SERVICE_BUS")
    with alone(address):
        client = connect(address)
        bus = OnServiceBus(client)
        await bus.open()
        try:
            yield bus
        finally:
            await bus.close()
            await client.close()


BUSES: dict[str, Callable[[Path], AbstractAsyncContextManager[Bus]]] = {
    "memory": _memory,
    "embedded": _embedded,
    "azure": _azure,
}
