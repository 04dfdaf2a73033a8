"""The traffic of the benchmark: CloudEvents of conversations, about 1 KB each, as a sender writes them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from shared.events.envelope import format_time

TENANT = "contoso"
_SIZE = 1_032
"""Bytes of an event, the same for all."""


def lifecycle(conversation: str, at: datetime, lines: int = 1) -> list[bytes]:
    """The events of one conversation in order, a millisecond apart: it begins, has so many lines, and ends.

    One with a single line is escalated, too: four events, one of each type that is a fact.
    """
    told = [
        ("conversation.started", _STARTED),
        *(("message.posted", _CUSTOMER_LINE if n % 2 == 0 else _BOT_LINE) for n in range(lines)),
        *([("bot.escalated", _ESCALATED)] if lines == 1 else []),
        ("conversation.ended", _ENDED),
    ]
    return [
        _event(conversation, number, kind, format_time(at + timedelta(milliseconds=number)), data)
        for number, (kind, data) in enumerate(told)
    ]


def mixed(conversations: Iterable[Sequence[bytes]]) -> list[bytes]:
    """The events of all conversations: the first of each, then the second of each, and so on."""
    return [event for turn in zip(*conversations, strict=True) for event in turn]


def batch(events: Iterable[bytes]) -> bytes:
    """The events as the body of one request."""
    return b"[" + b",".join(events) + b"]"


def batches_of(events: Sequence[bytes], size: int) -> Iterator[bytes]:
    """The bodies of requests with so many events each."""
    return (batch(events[first : first + size]) for first in range(0, len(events), size))


_STARTED: dict[str, Any] = {
    "channel": {"accountId": "contoso-chat", "channelId": "webchat"},
    "customer": {"id": "customer-17", "name": "Jo Example"},
    "contextVariables": {"Age": 42},
}
_CUSTOMER_LINE: dict[str, Any] = {"author": {"role": "customer", "id": "customer-17", "name": "Jo Example"}}
_BOT_LINE: dict[str, Any] = {"author": {"role": "bot", "id": "contoso-bot", "name": "Contoso bot"}}
_ESCALATED: dict[str, Any] = {
    "botId": "contoso-bot",
    "reason": "noAnswer",
    "contextVariables": {"BotHandoffTopic": "CreditCard"},
}
_ENDED: dict[str, Any] = {"endedBy": "customer", "reason": "resolved"}

_TEXT_OF = {"message.posted": "text", "bot.escalated": "summary", "conversation.ended": "note"}
"""The member that is filled up, so that every event has the same size; a start has a variable for it."""
_WORDS = "My card was declined in the shop this morning, and the app says nothing about why. "


def _event(conversation: str, number: int, kind: str, at: str, data: dict[str, Any]) -> bytes:
    document = {
        "specversion": "1.0",
        "id": f"{conversation}-{number}",
        "source": "/shop/chat",
        "type": kind,
        "time": at,
        "subject": conversation,
        "tenantid": TENANT,
        "data": data,
    }
    missing = _SIZE - len(json.dumps({**document, "data": _filled(kind, data, "")}))
    return json.dumps({**document, "data": _filled(kind, data, (_WORDS * 20)[:missing])}).encode()


def _filled(kind: str, data: dict[str, Any], text: str) -> dict[str, Any]:
    if kind == "conversation.started":
        return {**data, "contextVariables": {**data["contextVariables"], "Page": text}}
    return {**data, _TEXT_OF[kind]: text}


def conversations(count: int, lines: int = 1, named: str = "c", at: datetime | None = None) -> list[list[bytes]]:
    """So many conversations with so many lines each. They begin now: an old one would be ended for its silence."""
    begun = at or datetime.now(UTC)
    return [lifecycle(f"{named}-{number}", begun, lines) for number in range(count)]


def every_event(conversations: Iterable[Sequence[bytes]]) -> list[bytes]:
    """The events one conversation after the other."""
    return list(chain.from_iterable(conversations))
