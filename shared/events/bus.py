"""The topic that all events travel on, its subscriptions, and the port to publish to it."""

from collections.abc import Sequence
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


def subscription_for(subject: str | None) -> str:
    """The one subscription whose filter lets a message with this subject through."""
    return next((name for name, type_ in SUBSCRIPTIONS.items() if type_ == subject), UNROUTED)


class EventPublisher(Protocol):
    """Sends events to the topic. When it returns, they are durable."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None: ...
