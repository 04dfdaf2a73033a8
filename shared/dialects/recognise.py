"""Guesses a body's dialect from the body alone, for the payload doctor. An ingress never guesses."""

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
"""Vendors whose webhooks no account reads. Each is recognised by two members."""


@dataclass(frozen=True)
class Recognised:
    """The guess. `foreign`: a vendor whose dialect no account reads; `broken`: why the body is no JSON."""

    dialect: Dialect | None
    form: Form | None = None
    foreign: str | None = None
    broken: str | None = None
    channel: str | None = None


def recognise(body: bytes) -> Recognised:
    """Guess the dialect of a body, its form, and the channel id that its activity names."""
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
