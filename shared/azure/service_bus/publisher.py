"""Sends to the topic on Service Bus, over one link that all callers of a process share."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import stamina
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError

from shared.azure.service_bus.connection import TRY_SECONDS
from shared.errors import BusUnavailable, EventTooLarge
from shared.events.bus import CONTENT_TYPE, TOPIC, message_of
from shared.events.catalog import Event

FAILURES = (AzureError, OSError, ValueError)
"""What the SDK raises where a link is broken: ValueError says that somebody else has closed it meanwhile."""

_retrying = stamina.AsyncRetryingCaller(attempts=3, timeout=None, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1)


class ServiceBusPublisher:
    """An EventPublisher.

    Opening a link takes about half a second, and a link that several callers open at once stays broken: so it is opened
    once, under a lock, then used by all, and given up for a new one as soon as anything fails on it.
    """

    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._opening = asyncio.Lock()
        self._sender: ServiceBusSender | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """The tenant is in each event; one topic serves all."""
        messages = map(message_of, events)
        await self.send(
            [
                ServiceBusMessage(
                    message.body, message_id=message.message_id, subject=message.subject, content_type=CONTENT_TYPE
                )
                for message in messages
            ]
        )

    async def send(self, messages: Sequence[ServiceBusMessage]) -> None:
        """Send messages, in as few batches as hold them.

        Raises BusUnavailable, when some may have been sent, or, before any is sent, EventTooLarge.
        """
        for batch in await _retrying(BusUnavailable, self._batches, messages) if messages else ():
            await _retrying(BusUnavailable, self._send, batch)

    async def reachable(self) -> bool:
        """Whether a link to the topic can be opened now: one of its own, which takes about a second."""
        try:
            async with asyncio.timeout(TRY_SECONDS), self._client.get_topic_sender(TOPIC):
                return True
        except FAILURES:
            return False

    async def close(self) -> None:
        """Close the link. Nothing depends on it: what was sent is durable."""
        self._give_up(self._sender)
        await asyncio.gather(*self._closing)

    async def _batches(self, messages: Sequence[ServiceBusMessage]) -> list[ServiceBusMessageBatch]:
        sender = await self._opened()
        batches = [await sender.create_message_batch()]
        for message in messages:
            try:
                batches[-1].add_message(message)
            except MessageSizeExceededError:
                batches.append(await sender.create_message_batch())
                _add_alone(batches[-1], message)
        return [batch for batch in batches if len(batch)]

    async def _send(self, batch: ServiceBusMessageBatch) -> None:
        sender = await self._opened()
        try:
            async with asyncio.timeout(TRY_SECONDS):
                await sender.send_messages(batch)
        except BaseException as failure:
            # A caller that is cancelled may leave half a frame on the wire.
            self._give_up(sender)
            if isinstance(failure, FAILURES):
                raise BusUnavailable from failure
            raise

    async def _opened(self) -> ServiceBusSender:
        async with self._opening:
            if self._sender is None:
                sender = self._client.get_topic_sender(TOPIC)
                try:
                    async with asyncio.timeout(TRY_SECONDS):
                        await sender.__aenter__()
                except FAILURES as failure:
                    raise BusUnavailable from failure
                self._sender = sender
            return self._sender

    def _give_up(self, sender: ServiceBusSender | None) -> None:
        """Let the next caller open another link; this one is closed meanwhile, which takes half a second or more."""
        if sender is not None and sender is self._sender:
            self._sender = None
            task = asyncio.create_task(_close(sender))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _add_alone(batch: ServiceBusMessageBatch, message: ServiceBusMessage) -> None:
    try:
        batch.add_message(message)
    except MessageSizeExceededError as failure:
        size = sum(len(part) for part in message.body)
        raise EventTooLarge(size, batch.max_size_in_bytes) from failure


async def _close(sender: ServiceBusSender) -> None:
    with suppress(*FAILURES):
        async with asyncio.timeout(TRY_SECONDS):
            await sender.close()
