"""The topic's dead letters on Service Bus: each subscription has a dead-letter queue of its own."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.amqp import AmqpMessageBodyType
from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError

from shared.azure.service_bus.connection import TRY_SECONDS
from shared.azure.service_bus.publisher import FAILURES, ServiceBusPublisher
from shared.errors import BusUnavailable, EventTooLarge
from shared.events.bus import SUBSCRIPTIONS, TOPIC, UNROUTED, DeadLetter

PAUSE = timedelta(minutes=1)
"""The least time between two looks: each opens a link to six queues, and dead letters rest for minutes anyway."""

RESUBMISSIONS = "resubmissions"
"""The application property that counts resubmissions."""
_WHY_DEAD = {"DeadLetterReason", "DeadLetterErrorDescription"}
"""Application properties that Service Bus adds to a dead letter."""

_PAGE = 100
_MAX_PEEKED = 5000
"""The most dead letters of one subscription that a look goes through; those behind them wait."""
_WAIT_SECONDS = 2.0

_log = logging.getLogger(__name__)

Worth = Callable[[ServiceBusReceivedMessage], bool]


class ServiceBusDeadLetters:
    """Implements `DeadLetters`.

    A queue is peeked first, which locks nothing. If any letter is worth it, all letters up to the last such one are
    received, and so locked, since Service Bus gives them in order only; those that stay are unlocked at the end.
    """

    def __init__(self, client: ServiceBusClient, publisher: ServiceBusPublisher, pause: timedelta = PAUSE) -> None:
        self._client = client
        self._publisher = publisher
        self._pause = pause.total_seconds()
        self._next_look = 0.0

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        """As the port says, but without a look within a minute after the last one."""
        if time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + self._pause

        def may_go(subscription: str, message: ServiceBusReceivedMessage) -> bool:
            letter = _dead_letter(subscription, message)
            return letter.died_at <= until and _body(message) is not None and worth(letter)

        looks = (self._look(each, partial(may_go, each)) for each in (*SUBSCRIPTIONS, UNROUTED))
        results = await asyncio.gather(*looks, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            raise failures[0]
        return [letter for result in results if not isinstance(result, BaseException) for letter in result]

    async def _look(self, subscription: str, worth: Worth) -> list[DeadLetter]:
        receiver = self._client.get_subscription_receiver(TOPIC, subscription, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        try:
            async with receiver:
                depth = await _depth(receiver, worth)
                resubmitted = await self._sift(receiver, depth, worth) if depth else []
                return [_dead_letter(subscription, message) for message in resubmitted]
        except FAILURES as failure:
            raise BusUnavailable from failure

    async def _sift(self, receiver: ServiceBusReceiver, depth: int, worth: Worth) -> list[ServiceBusReceivedMessage]:
        resubmitted, stay, seen = [], [], 0
        while seen < depth and (messages := await _received(receiver, min(depth - seen, _PAGE))):
            seen += len(messages)
            for message in messages:
                if worth(message) and await self._resubmit(receiver, message):
                    resubmitted.append(message)
                else:
                    stay.append(message)
        for message in stay:
            with suppress(MessageLockLostError, MessageAlreadySettled):
                await receiver.abandon_message(message)
        return resubmitted

    async def _resubmit(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> bool:
        try:
            await self._publisher.send([_resubmission(message)])
        except EventTooLarge:
            return False
        # If it is sent but not removed, a later look sends it once more; it is recorded once.
        with suppress(MessageLockLostError, MessageAlreadySettled):
            await receiver.complete_message(message)
        return True


async def _depth(receiver: ServiceBusReceiver, worth: Worth) -> int:
    """The number of letters to receive to get all that are `worth` it; 0 if none is."""
    depth = seen = last = 0
    while seen < _MAX_PEEKED:
        page = await receiver.peek_messages(_PAGE, sequence_number=last + 1, timeout=TRY_SECONDS)
        if not page:
            return depth
        for message in page:
            seen += 1
            depth = seen if worth(message) else depth
        last = page[-1].sequence_number or last
    _log.warning("a dead-letter queue is too long to be looked through", extra={"entity": receiver.entity_path})
    return depth


async def _received(receiver: ServiceBusReceiver, count: int) -> list[ServiceBusReceivedMessage]:
    return await receiver.receive_messages(count, max_wait_time=_WAIT_SECONDS)


def _dead_letter(subscription: str, message: ServiceBusReceivedMessage) -> DeadLetter:
    return DeadLetter(
        subscription=subscription,
        message_id=message.message_id or "",
        reason=message.dead_letter_reason or "",
        died_at=message.enqueued_time_utc or datetime.now(UTC),
        resubmissions=_resubmissions(message),
    )


def _resubmissions(message: ServiceBusReceivedMessage) -> int:
    count = _properties(message).get(RESUBMISSIONS)
    return count if isinstance(count, int) else 0


def _resubmission(message: ServiceBusReceivedMessage) -> ServiceBusMessage:
    properties: dict[str | bytes, Any] = {
        name: value for name, value in _properties(message).items() if name not in _WHY_DEAD
    }
    return ServiceBusMessage(
        _body(message),
        message_id=message.message_id,
        subject=message.subject,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        application_properties=properties | {RESUBMISSIONS: _resubmissions(message) + 1},
    )


def _body(message: ServiceBusReceivedMessage) -> bytes | None:
    """The body as a trigger reads it, from data or one text; None for the sequences and maps of AMQP."""
    body: Any = message.body
    if message.body_type is AmqpMessageBodyType.DATA:
        return b"".join(body)
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else None


def _properties(message: ServiceBusReceivedMessage) -> dict[str | bytes, Any]:
    """The application properties; the SDK gives their names and texts as bytes."""
    given = message.application_properties or {}
    return {_text(name): _text(value) if isinstance(value, bytes) else value for name, value in given.items()}


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
