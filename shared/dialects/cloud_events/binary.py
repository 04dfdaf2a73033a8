"""Binary mode of CloudEvents over HTTP: the attributes stand in headers `ce-…`, and the body is `data`.

Our own few lines: the SDK `cloudevents` parses `time`, so that digits finer than a microsecond would be lost, and reads
JSON less strictly than `parse_json` does.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from shared.dialects.received import Received
from shared.dialects.signatures import verify_signature
from shared.errors import InvalidEvent, Mistake
from shared.strict_json import parse_json

PREFIX = "ce-"
_REQUIRED = tuple(f"{PREFIX}{name}" for name in ("id", "source", "specversion", "type"))
_NAME = re.compile(r"[a-z0-9]{1,256}")
_NO_ATTRIBUTES = ("data", "datacontenttype", "timeassumed")
"""What stands elsewhere in binary mode, or is only Patchbay's to say."""
_JSON = re.compile(r"application/([\w.+-]+\+)?json", re.ASCII)


def is_binary(received: Received) -> bool:
    """True if the attributes stand in headers: the body is called no CloudEvent, and a required attribute is there."""
    if received.headers.get("content-type", "").strip().lower().startswith("application/cloudevents"):
        return False
    return any(name in received.headers for name in _REQUIRED)


def event_in_headers(received: Received) -> dict[str, Any]:
    """The event as the document that it would be in structured mode. Raises InvalidEvent."""
    media_type = received.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type):
        raise InvalidEvent([Mistake("datacontenttype", f"is {media_type[:80]!r}, but data is JSON")])
    document = _attributes(received.headers)
    if media_type != "application/json":
        document["datacontenttype"] = media_type
    if received.body:
        document["data"] = parse_json(received.body, InvalidEvent)
    return document


def verify_signed_event(received: Received, secrets: Sequence[str], now: datetime) -> None:
    """Pass if one of the secrets signed the whole event. Raises Unauthorized, AuthenticationUnavailable, InvalidEvent.

    A signature of Standard Webhooks covers the body alone. In binary mode somebody else could have written who said it,
    when, and in which conversation.
    """
    verify_signature(received.headers, received.body, secrets, now)
    if is_binary(received):
        reason = "the signature covers no headers ce-…: send the event in structured mode, or prove yourself by a token"
        raise InvalidEvent([Mistake("", reason)])


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for header, value in headers.items():
        name = header.removeprefix(PREFIX)
        if name == header or name in _NO_ATTRIBUTES:
            continue
        if not _NAME.fullmatch(name):
            raise InvalidEvent([Mistake("", f"{header[:80]!r} names no attribute: names have a-z and 0-9 only")])
        try:
            attributes[name] = unquote(value, errors="strict")
        except UnicodeDecodeError as cause:
            raise InvalidEvent([Mistake(name, "is not UTF-8 in percent-encoding")]) from cause
    return attributes
