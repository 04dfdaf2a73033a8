"""The local host's own run of the functions, on the adapters for Azure instead of the embedded ones.

    python -m tests.azure.cloud_host CLOCK

The services are those of the tests (`TEST_COSMOS_ENDPOINT` and so on). The database and the blob container are its
own, and gone with the process. The bus has one topic for all, so the process uses it alone, and first removes the
messages that others left there.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError

from local.host import listen, load_local_settings, run
from local.pump import CONCURRENT_CALLS
from shared.azure.blob.archive import BlobArchive
from shared.azure.blob.overflow import BlobOverflow
from shared.azure.service_bus.connection import connect as connect_bus
from shared.azure.wiring import adapters_for
from shared.clock import Clock, MovableClock
from shared.embedded.messages import Delivery
from shared.errors import EventTooLarge
from shared.events.bus import MAX_DELIVERY_COUNT, SUBSCRIPTIONS, TOPIC, UNROUTED, EventPublisher, subscription_for
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.pipeline import Adapters, assembled
from shared.settings import Azure
from tests.azure.blobs import own_container
from tests.azure.databases import ENDPOINT, KEY, fresh_database
from tests.azure.endpoints import alone, endpoint
from tests.contract.buses import OnServiceBus

_WAIT_SECONDS = 0.1
"""Seconds to wait for a message that was published and has not arrived yet."""


class Subscription:
    """One subscription, which counts the messages that wait in it.

    It never waits on its link for messages that may not come: meanwhile this SDK could settle no other message there,
    since one lock serves reading and writing.
    """

    def __init__(self, receiver: ServiceBusReceiver) -> None:
        self.receiver = receiver
        self._link = asyncio.Lock()
        self._waiting = 0
        self._arrival = asyncio.Event()
        self._held: dict[int, ServiceBusReceivedMessage] = {}

    def arriving(self) -> None:
        """Note that one more message is on its way, or was given back."""
        self._waiting += 1
        self._arrival.set()

    def not_arriving(self) -> None:
        """Note that one of them was not sent after all."""
        self._waiting -= 1

    async def receive(self, limit: int) -> list[ServiceBusReceivedMessage]:
        """Receive up to `limit` messages, at least one."""
        while True:
            while self._waiting == 0:
                self._arrival.clear()
                await self._arrival.wait()
            async with self._link:
                count = min(limit, self._waiting)
                messages = await self.receiver.receive_messages(count, max_wait_time=_WAIT_SECONDS)
            self._waiting -= len(messages)
            if messages:
                self._held.update((message.sequence_number or 0, message) for message in messages)
                return messages

    async def settle(self, sequence: int, settle: Callable[[ServiceBusReceivedMessage], Awaitable[None]]) -> None:
        """Complete or abandon a message that was received."""
        async with self._link:
            await settle(self._held.pop(sequence))


class CountedBus:
    """The bus of the host on Service Bus, which counts the messages that are published and not settled yet.

    Service Bus does not say how many messages are under way, so every event is published through this class. After a
    failure, which may have come after the sending, the number is too high rather than too low.
    """

    def __init__(self, publisher: EventPublisher, client: ServiceBusClient) -> None:
        self._publisher = publisher
        self._subscriptions = {
            name: Subscription(client.get_subscription_receiver(TOPIC, name, prefetch_count=CONCURRENT_CALLS))
            for name in (*SUBSCRIPTIONS, UNROUTED)
        }
        self._active = self._dead = 0

    async def open(self) -> None:
        """Open the receivers, all at once, since each takes half a second."""
        await asyncio.gather(*(one.receiver.__aenter__() for one in self._subscriptions.values()))

    async def close(self) -> None:
        await asyncio.gather(*(one.receiver.close() for one in self._subscriptions.values()))

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        reached = [self._subscriptions[subscription_for(event.type)] for event in events]
        self._active += len(events)
        for subscription in reached:
            subscription.arriving()
        try:
            await self._publisher.publish(tenant_id, events)
        except EventTooLarge:
            self._active -= len(events)
            for subscription in reached:
                subscription.not_arriving()
            raise

    async def receive(self, subscription: str, limit: int) -> Sequence[Delivery]:
        messages = await self._subscriptions[subscription].receive(limit)
        return [_delivery(subscription, message) for message in messages]

    async def complete(self, *deliveries: Delivery) -> bool:
        return all(await asyncio.gather(*(self._complete(delivery) for delivery in deliveries)))

    async def _complete(self, delivery: Delivery) -> bool:
        subscription = self._subscriptions[delivery.subscription]
        try:
            await subscription.settle(delivery.sequence, subscription.receiver.complete_message)
        except MessageLockLostError:
            return False
        self._active -= 1
        return True

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        subscription = self._subscriptions[delivery.subscription]
        await subscription.settle(delivery.sequence, subscription.receiver.abandon_message)
        if delivery.delivery_count < MAX_DELIVERY_COUNT:
            subscription.arriving()
        else:
            self._active -= 1
            self._dead += 1

    async def probe(self) -> Mapping[str, Any]:
        return {}

    def figures(self) -> Mapping[str, Mapping[str, Any]]:
        """The same members that the local host's bus shows."""
        return {"bus": {"active": self._active, "deadLetters": self._dead}}


def _delivery(subscription: str, message: ServiceBusReceivedMessage) -> Delivery:
    return Delivery(
        sequence=message.sequence_number or 0,
        subscription=subscription,
        message_id=message.message_id or "",
        body=b"".join(message.body),
        enqueued_at=message.enqueued_time_utc.isoformat() if message.enqueued_time_utc else "",
        delivery_count=(message.delivery_count or 0) + 1,
    )


@asynccontextmanager
async def _own_blobs() -> AsyncIterator[tuple[BlobArchive, BlobOverflow]]:
    """Yield an archive and an overflow in containers of their own, which are deleted in the end."""
    async with own_container("archive") as (client, archive), own_container("overflow") as (_, overflow):
        yield BlobArchive(client, archive), BlobOverflow(client, overflow)


@asynccontextmanager
async def _counted(address: str, publisher: EventPublisher) -> AsyncIterator[CountedBus]:
    async with connect_bus(address) as client:
        bus = CountedBus(publisher, client)
        await bus.open()
        try:
            yield bus
        finally:
            await bus.close()


async def _emptied(address: str) -> None:
    """Remove the messages that others left on the topic, dead letters included.

    Messages that a killed process had locked come back when their locks run out, and would be taken for our own.
    """
    async with connect_bus(address) as client:
        bus = OnServiceBus(client)
        await bus.open()
        while not await bus.is_empty():
            await bus.empty()
        await bus.close()


@asynccontextmanager
async def _adapters(clock: Clock, database: str) -> AsyncIterator[tuple[Adapters, CountedBus]]:
    """The adapters of a deployment, except for the blob containers and the publisher, which counts."""
    bus_address = endpoint("TEST_SERVICE_BUS")
    cosmos = f"AccountEndpoint={endpoint(ENDPOINT)};AccountKey={endpoint(KEY)};"
    adapters = adapters_for(Azure(cosmos, database, bus_address, endpoint("TEST_BLOB")), clock)
    async with _own_blobs() as (archive, overflow), _counted(bus_address, adapters.publisher) as bus:
        # The player reads the health again and again, which should cost the services nothing.
        shown = replace(adapters, probes={"bus": bus.probe}, figures=bus.figures)
        yield replace(shown, publisher=bus, archive=archive, overflow=overflow), bus


def _as_wired(adapters: Adapters) -> Adapters:
    return adapters


async def main(clock: str, *, change: Callable[[Adapters], Adapters] = _as_wired) -> None:
    """Run the functions until SIGTERM or SIGINT, on the adapters that `change` makes of those that are wired."""
    load_local_settings()
    movable = MovableClock(parse_time(clock))
    async with AsyncExitStack() as stack:
        stack.enter_context(alone(endpoint("TEST_SERVICE_BUS")))
        await _emptied(endpoint("TEST_SERVICE_BUS"))
        database = await stack.enter_async_context(fresh_database())
        adapters, bus = await stack.enter_async_context(_adapters(movable, database))
        await run(
            assembled(change(adapters), movable, open_to_all=True), [bus], listen(0), f"Cosmos database {database}"
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main(*sys.argv[1:]))
