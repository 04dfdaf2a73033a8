"""The topic that all events travel on, its subscriptions, and the port to publish to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.events.catalog import Event

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


class EventPublisher(Protocol):
    """Sends events to the topic. When it returns, they are durable."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None: ...


@dataclass(frozen=True)
class DeadLetter:
    """A message that nobody is given any more: why, since when, and how often it was resubmitted before."""

    sequence: int
    message_id: str
    reason: str
    died_at: datetime
    resubmissions: int


class DeadLetters(Protocol):
    """The topic's dead letters, those of all its subscriptions."""

    async def died_until(self, moment: datetime) -> Sequence[DeadLetter]:
        """Every dead letter that died at the moment or before it, oldest first."""
        ...

    async def resubmit(self, letter: DeadLetter) -> bool:
        """Make a new message of it, with its message id and body, no deliveries, and one resubmission more.

        False where somebody else was faster.
        """
        ...
