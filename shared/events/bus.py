"""The topic of all events, its subscriptions and dead letters, and the ports to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from shared.errors import EventTooLarge
from shared.events.catalog import EVENT_CLASSES, Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event
from shared.personal_data import Deleted, keeps

TOPIC = "conversation-events"
CONNECTION = "SERVICE_BUS"
"""The setting, or the prefix of the settings, that names the Service Bus namespace."""

SUBSCRIPTIONS = {each.subscription: each.type_name() for each in EVENT_CLASSES if each.subscription is not None}
"""Subscription → the message subject (event type) that it filters on."""
_REACHED = {subject: subscription for subscription, subject in SUBSCRIPTIONS.items()}

UNROUTED = "unrouted"
"""The subscription for every message whose subject is no known event type."""

CONTENT_TYPE = "application/cloudevents+json"
MAX_DELIVERY_COUNT = 10
"""After so many failed deliveries, a message becomes a dead letter."""
DELIVERIES_EXCEEDED = "MaxDeliveryCountExceeded"
"""The reason of a dead letter whose receivers reported no failure, because their locks expired."""


def subscription_for(subject: str | None) -> str:
    """The one subscription whose filter lets a message with this subject through."""
    return _REACHED.get(subject, UNROUTED) if subject else UNROUTED


@dataclass(frozen=True)
class Message:
    """An event as it travels: `subject` is its type, `message_id` an id of its own, `body` its structured JSON."""

    subject: str
    message_id: str
    body: bytes


def message_of(event: Event) -> Message:
    """The message of the topic that carries the event. Raises EventTooLarge."""
    body = encode_event(event)
    if len(body) > MAX_EVENT_BYTES:
        raise EventTooLarge(len(body), MAX_EVENT_BYTES)
    return Message(event.type, str(uuid4()), body)


@keeps(
    "events under way, whole",
    found_by="nothing: a message cannot be looked up",
    deleted=Deleted.BY_DELIVERY,
    stays="messages that cannot be handled, as dead letters",
)
class EventPublisher(Protocol):
    """Sends events to the topic."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """Send the events. All are durable when it returns; some may be durable when it raises.

        Raises EventTooLarge before anything is sent, and BusUnavailable.
        """
        ...


@dataclass(frozen=True)
class DeadLetter:
    """A message that a subscription delivers no more: the reason, the time, and how often it was resubmitted.

    Service Bus does not report when a message became a dead letter. There `died_at` is when it was last sent.
    """

    subscription: str
    message_id: str
    reason: str
    died_at: datetime
    resubmissions: int


@keeps(
    "events that failed ten times, whole",
    found_by="nothing: a message cannot be looked up",
    deleted=Deleted.BY_NOTHING,
    stays="what is not sent again stays until an operator removes it",
)
class DeadLetters(Protocol):
    """The dead letters of all the topic's subscriptions."""

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        """Send new messages for the dead letters with `died_at` up to `until` for which `worth` is true. Returns these.

        A new message has its dead letter's id and body, no deliveries, and one resubmission more, and reaches the same
        subscription. The other letters stay. If several callers run at once, only one gets a letter; a crash may send
        it twice. Raises BusUnavailable, when some may have been resubmitted.
        """
        ...
