"""Which dialect a body speaks, told from the body alone: a guess, which no ingress makes."""

from dataclasses import dataclass
from typing import Any, Literal

from shared.dialects.payload import activity_set
from shared.errors import InvalidEvent
from shared.events.catalog import EVENT_TYPES
from shared.wire import parse_json

Dialect = Literal["botFramework", "telegram", "cloudEvents"]
Form = Literal["one", "batch", "activitySet"]

_ACTIVITY = (
    "conversation",
    "channelId",
    "serviceUrl",
    "from",
    "recipient",
    "membersAdded",
    "channelData",
    "channeldata",
)
_KINDS = ("message", "event", "conversationUpdate", "endOfConversation", "typing", "handoff", "trace", "invoke")
_FOREIGN = (
    ("LINE", {"destination", "events"}),
    ("Facebook Messenger or WhatsApp", {"object", "entry"}),
    ("Slack", {"team_id", "event"}),
    ("Twilio", {"MessageSid", "Body"}),
)
"""Webhooks that are known by two members, and that no account reads."""


@dataclass(frozen=True)
class Recognised:
    """What a body seems to be. `foreign`: a vendor whose dialect is not read; `broken`: why the body is no JSON."""

    dialect: Dialect | None
    form: Form | None = None
    foreign: str | None = None
    broken: str | None = None
    channel: str | None = None


def recognise(body: bytes) -> Recognised:
    """What the body seems to be."""
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent as cause:
        foreign = "Twilio" if b"MessageSid=" in body or b"SmsSid=" in body else None
        return Recognised(None, foreign=foreign, broken=cause.detail)
    first = next(iter(document), None) if isinstance(document, list) else document
    if isinstance(first, dict) and _dialect(first) == "cloudEvents":
        return Recognised("cloudEvents", "batch" if isinstance(document, list) else "one")
    items = activity_set(document)
    if items is not None:
        activities = [item for _, item in items if isinstance(item, dict) and _dialect(item) == "botFramework"]
        if activities or isinstance(document, dict):
            return Recognised("botFramework", "activitySet", channel=_channel((activities or [{}])[0]))
    if not isinstance(document, dict):
        return Recognised(None)
    foreign = next((name for name, members in _FOREIGN if members <= document.keys()), None)
    dialect = _dialect(document)
    return Recognised(dialect, "one" if dialect else None, None if dialect else foreign, channel=_channel(document))


def _dialect(document: dict[str, Any]) -> Dialect | None:
    if "specversion" in document or document.get("type") in EVENT_TYPES:
        return "cloudEvents"
    if "update_id" in document:
        return "telegram"
    activity = document.get("type") in _KINDS or sum(member in document for member in _ACTIVITY) > 1
    return "botFramework" if activity else None


def _channel(activity: dict[str, Any]) -> str | None:
    named = activity.get("channelId")
    return named if isinstance(named, str) else None
