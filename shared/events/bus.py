"""The topic that all events travel on, its subscriptions, and the port to publish to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.errors import EventTooLarge
from shared.events.catalog import Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event

TOPIC = "conversation-events"
CONNECTION = "SERVICE_BUS"
"""The setting (or its prefix) that names the namespace."""

SUBSCRIPTIONS = {
    "conversation-started": "conversation.started",
    "message-posted": "message.posted",
    "bot-escalated": "bot.escalated",
    "inactivity-timeout": "inactivity.timeout",
    "conversation-ended": "conversation.ended",
}
"""Subscription → the message subject (event type) that it filters on."""

UNROUTED = "unrouted"
"""The subscription for every message whose subject is no known type."""

CONTENT_TYPE = "application/cloudevents+json"
MAX_DELIVERY_COUNT = 10
"""After so many deliveries that failed, a message becomes a dead letter."""
DELIVERIES_EXCEEDED = "MaxDeliveryCountExceeded"
"""Why a message is a dead letter whose receivers never said what failed: their locks ran out."""


def subscription_for(subject: str | None) -> str:
    """The one subscription whose filter lets a message with this subject through."""
    return next((name for name, type_ in SUBSCRIPTIONS.items() if type_ == subject), UNROUTED)


@dataclass(frozen=True)
class Message:
    """An event as it travels: `subject` is its type, `message_id` its identity, `body` its structured JSON."""

    subject: str
    message_id: str
    body: bytes


def message_of(event: Event) -> Message:
    """The message of the topic that carries the event. Raises EventTooLarge."""
    body = encode_event(event)
    if len(body) > MAX_EVENT_BYTES:
        raise EventTooLarge(len(body), MAX_EVENT_BYTES)
    return Message(event.type, event.identity, body)


class EventPublisher(Protocol):
    """Sends events to the topic."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """When it returns, all are durable; when it raises, some of them may be.

        Raises EventTooLarge before anything is sent, and BusUnavailable.
        """
        ...


@dataclass(frozen=True)
class DeadLetter:
    """A message of a subscription that nobody is given any more: why, since when, and how often it was resubmitted.

    Service Bus does not tell when a message died: there `died_at` is when it was sent, the last time.
    """

    subscription: str
    message_id: str
    reason: str
    died_at: datetime
    resubmissions: int


class DeadLetters(Protocol):
    """The topic's dead letters, those of all its subscriptions."""

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        """Make new messages of the dead letters that died until then and are worth it; which ones they were.

        A new message has its dead letter's id and body, no deliveries, and one resubmission more, and reaches the same
        subscription. The other letters stay. Of callers at the same time only one gets a letter; a crash may send it
        twice. Raises BusUnavailable, when some may have been resubmitted.
        """
        ...
