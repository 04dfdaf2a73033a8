"""Guesses a body's dialect from the body alone, for the payload doctor. An ingress never guesses."""

from dataclasses import dataclass
from typing import Any

from shared.dialects.dialect import Dialect
from shared.dialects.received import Received
from shared.dialects.registry import DIALECTS
from shared.errors import InvalidEvent
from shared.wire import parse_json

_FOREIGN = (
    ("LINE", {"destination", "events"}),
    ("Meta", {"object", "entry"}),
    ("Slack", {"team_id", "event"}),
    ("Twilio", {"MessageSid", "Body"}),
)
"""Vendors whose webhooks no account reads. Each is recognised by two members."""


@dataclass(frozen=True)
class Recognised:
    """The guess. `foreign`: a vendor whose dialect no account reads; `broken`: why the body is no JSON."""

    dialect: Dialect | None
    form: str | None = None
    foreign: str | None = None
    broken: str | None = None
    channel: str | None = None


def recognise(body: bytes) -> Recognised:
    """Guess the dialect of a body, its form, and the channel id that it names."""
    document, broken, received = None, None, Received(body)
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent as cause:
        broken = cause.detail
    for dialect in DIALECTS:
        if found := dialect.recognise(received, document):
            return Recognised(dialect, found.form, channel=found.channel)
    return Recognised(None, foreign=_foreign(body, document), broken=broken)


def _foreign(body: bytes, document: Any) -> str | None:
    if document is None and (b"MessageSid=" in body or b"SmsSid=" in body):
        return "Twilio"
    members = document.keys() if isinstance(document, dict) else set()
    return next((name for name, two in _FOREIGN if two <= members), None)
