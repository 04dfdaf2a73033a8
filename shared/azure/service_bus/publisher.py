"""Sends to the topic on Service Bus, over one link that all callers of a process share."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import stamina
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import MessageSizeExceededError

from shared.azure.service_bus.connection import TRY_SECONDS
from shared.errors import BusUnavailable, EventTooLarge
from shared.events.bus import CONTENT_TYPE, TOPIC, message_of
from shared.events.catalog import Event

FAILURES = (AzureError, OSError)
"""The SDK's exceptions for a broken link; a timeout is an OSError."""

_retrying = stamina.AsyncRetryingCaller(attempts=3, timeout=None, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1)


class ServiceBusPublisher:
    """Implements `EventPublisher`.

    Opening a link takes half a second, so all callers share one. They use it one after another: if callers send at the
    same time on one link of this SDK, some messages are sent dozens of times, and some calls never return. After any
    failure the link is replaced by a new one.
    """

    def __init__(self, client: ServiceBusClient, try_seconds: float = TRY_SECONDS) -> None:
        self._client = client
        self._try_seconds = try_seconds
        self._lock = asyncio.Lock()
        self._sender: ServiceBusSender | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """Publish the events. Each names its tenant itself: one topic serves all tenants."""
        await self.send(list(map(message_to_send, events)))

    async def send(self, messages: Sequence[ServiceBusMessage]) -> None:
        """Send messages, in as few batches as hold them.

        Raises BusUnavailable, or EventTooLarge for a message that fits no batch; some may have been sent then.
        """
        unsent = list(messages)
        while unsent:
            await _retrying(BusUnavailable, self._send_first, unsent)

    async def reachable(self) -> bool:
        """True if a link to the topic can be opened now; it opens one of its own, which takes about a second."""
        try:
            async with asyncio.timeout(self._try_seconds), self._client.get_topic_sender(TOPIC):
                return True
        except FAILURES:
            return False

    async def close(self) -> None:
        """Close the link. Without it nothing is lost: what was sent is durable."""
        self._discard_link()
        await asyncio.gather(*self._closing)

    async def _send_first(self, unsent: list[ServiceBusMessage]) -> None:
        """Send as many messages as one batch holds, and remove them from the list."""
        try:
            # The time spent waiting for others counts: on a dead network, many callers must not wait for each other.
            async with asyncio.timeout(self._try_seconds), self._link() as sender:
                batch = await sender.create_message_batch()
                _fill(batch, unsent)
                await sender.send_messages(batch)
        except FAILURES as failure:
            raise BusUnavailable from failure
        del unsent[: len(batch)]

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[ServiceBusSender]:
        """The link, for one caller at a time."""
        async with self._lock:
            if self._sender is None:
                sender = self._client.get_topic_sender(TOPIC)
                await sender.__aenter__()
                self._sender = sender
            try:
                yield self._sender
            except BaseException:
                # A caller that is cancelled counts, too: it may leave half a frame on the wire.
                self._discard_link()
                raise

    def _discard_link(self) -> None:
        """Let the next caller open a new link; this one is closed meanwhile, which takes half a second or more."""
        if self._sender is not None:
            task = asyncio.create_task(self._close_sender(self._sender))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._sender = None

    async def _close_sender(self, sender: ServiceBusSender) -> None:
        with suppress(*FAILURES):
            async with asyncio.timeout(self._try_seconds):
                await sender.close()


def message_to_send(event: Event) -> ServiceBusMessage:
    """The message of Service Bus that carries the event. Raises EventTooLarge."""
    message = message_of(event)
    return ServiceBusMessage(
        message.body, message_id=message.message_id, subject=message.subject, content_type=CONTENT_TYPE
    )


def _fill(batch: ServiceBusMessageBatch, messages: Sequence[ServiceBusMessage]) -> None:
    """Add messages until the batch is full. Raises EventTooLarge if even the first one does not fit."""
    for message in messages:
        try:
            batch.add_message(message)
        except MessageSizeExceededError as failure:
            if not len(batch):
                raise EventTooLarge(sum(map(len, message.body)), batch.max_size_in_bytes) from failure
            return
