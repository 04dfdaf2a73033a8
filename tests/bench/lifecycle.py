"""The traffic of the benchmark: CloudEvents of conversations, about 1 KB each, as a sender writes them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.envelope import format_time

TENANT = "contoso"
_SIZE = 1_032
"""Bytes of an event, the same for all types."""
_WORDS = "My card was declined in the shop this morning, and the app says nothing about why. " * 20

STARTED, MESSAGE, ESCALATED, ENDED = "conversation.started", "message.posted", "bot.escalated", "conversation.ended"


@dataclass(frozen=True)
class Sender:
    """Writes the events of one conversation; the n-th one is n milliseconds after its beginning."""

    conversation: str
    began: datetime
    tenant: str = TENANT

    def lifecycle(self, lines: int = 1) -> list[bytes]:
        """All its events in order: it begins, has so many lines, the customer's and the bot's in turn, and ends.

        One with a single line is escalated, too: four events, one of each type that is a fact.
        """
        types = [STARTED, *[MESSAGE] * lines, *([ESCALATED] if lines == 1 else []), ENDED]
        return [self.event(number, each) for number, each in enumerate(types)]

    def event(self, number: int, event_type: str) -> bytes:
        """Its event with this number, counted from 0."""
        document = {
            "specversion": "1.0",
            "id": f"{self.conversation}-{number}",
            "source": "/shop/chat",
            "type": event_type,
            "time": format_time(self.began + timedelta(milliseconds=number)),
            "subject": self.conversation,
            "tenantid": self.tenant,
        }
        bare = json.dumps({**document, "data": _data(event_type, number, "")})
        return json.dumps({**document, "data": _data(event_type, number, _WORDS[: _SIZE - len(bare)])}).encode()


def _data(event_type: str, number: int, text: str) -> dict[str, Any]:
    """An event's data, with some text in the member that has most of it."""
    customer = {"id": "customer-17", "name": "Jo Example"}
    if event_type == STARTED:
        channel = {"accountId": "contoso-chat", "channelId": "webchat"}
        return {"channel": channel, "customer": customer, "contextVariables": {"Age": 42, "Page": text}}
    if event_type == MESSAGE:
        bot = {"role": "bot", "id": "contoso-bot", "name": "Contoso bot"}
        return {"author": {"role": "customer", **customer} if number % 2 else bot, "text": text}
    if event_type == ESCALATED:
        topic = {"BotHandoffTopic": "CreditCard"}
        return {"botId": "contoso-bot", "reason": "noAnswer", "contextVariables": topic, "summary": text}
    return {"endedBy": "customer", "reason": "resolved", "note": text}


def conversations(
    count: int, lines: int = 1, *, named: str = "c", began: datetime | None = None, tenants: Sequence[str] = (TENANT,)
) -> list[list[bytes]]:
    """The events of so many conversations, of the tenants in turn.

    Unless it is said when they began, they begin now: an old one would be ended for its silence.
    """
    at = began or datetime.now(UTC)
    return [Sender(f"{named}-{number}", at, tenants[number % len(tenants)]).lifecycle(lines) for number in range(count)]


def mixed(conversations: Iterable[Sequence[bytes]]) -> list[bytes]:
    """The events of all conversations: the first of each, then the second of each, and so on."""
    return [event for turn in zip(*conversations, strict=True) for event in turn]


def batch(events: Iterable[bytes]) -> bytes:
    """The events as the body of one request."""
    return b"[" + b",".join(events) + b"]"


def batches_of(events: Sequence[bytes], size: int) -> Iterator[bytes]:
    """The bodies of requests with so many events each."""
    return (batch(events[first : first + size]) for first in range(0, len(events), size))
