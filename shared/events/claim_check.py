"""Claim checks: members that are too large for an event are kept apart, and the event carries references. Pure.

The pattern is Claim-Check (https://learn.microsoft.com/azure/architecture/patterns/claim-check). Which members are kept
apart follows from the event's `data` alone, so a retry gives the same event, even if the subject or an assumed time in
its envelope differs.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from pydantic import ValidationError

from shared.errors import EventTooLarge, InvalidEvent
from shared.events.catalog import EVENT_CLASSES, Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event, stored_event
from shared.events.data import ClaimCheck
from shared.events.stamp import LONGEST
from shared.strict_json import canonical_json, parse_json
from shared.wire import replace

MAX_DATA_BYTES = 180 * 1024
"""Limit of an event's `data` on the bus. The rest of MAX_EVENT_BYTES is for the envelope."""
MIN_CONTENT_BYTES = 16 * 1024
"""Least size of a member that is kept apart, as JSON. So one body of 1 MB has at most 64 contents."""
JSON = "application/json"

_BASE64 = ";base64"
_CHECK_BYTES = 256
"""Upper estimate of what a check adds to its event."""
_STAYING = frozenset(member for each in EVENT_CLASSES for member in each.staying_members())
"""Members of `data` that stay in the event, because the fold or the resolving of threads reads them."""
_STAYING_IN_ATTACHMENTS = frozenset(["name", "contentType", "size", "claimChecks"])
_LONGEST_TYPE = 256
"""Characters of a data URL before its comma."""


@dataclass(frozen=True)
class CheckedIn:
    """An event as it is published, and the contents that were kept apart from it, by SHA-256 (hex)."""

    event: Event
    contents: Mapping[str, bytes]


class _Candidate(NamedTuple):
    """A member that may be kept apart: its size as JSON, its path, and the document that holds it."""

    size: int
    path: str
    holder: dict[str, Any]
    name: str


def check_in(event: Event, most_bytes: int | None = None) -> CheckedIn:
    """The event in a size that the bus accepts with any stamp. If its data are too large, the largest are kept apart.

    It is not measured where its reader knows that it has at most so many bytes, and those fit. Raises EventTooLarge,
    with the largest member that is left, if the event still is too large.
    """
    if most_bytes is not None and most_bytes <= MAX_DATA_BYTES:
        return CheckedIn(event, {})
    encoded = encode_event(event)
    if len(encoded) <= MAX_DATA_BYTES:
        return CheckedIn(event, {})
    document, contents, fits = _relieved(json.loads(encoded), len(event.attachments))
    if not fits:
        # There are too many attachments, or too many small members in them: all are kept apart as one member.
        document, contents, _ = _relieved(json.loads(encoded), 0)
    travelling = stored_event(json.dumps(document)) if contents else event
    _refuse_too_large(travelling)
    return CheckedIn(travelling, contents)


def addressed(checked_in: CheckedIn, subject: str) -> CheckedIn:
    """The same event in the conversation with this id. Raises EventTooLarge, as `check_in` does."""
    event = replace(checked_in.event, subject=subject)
    _refuse_too_large(event)
    return replace(checked_in, event=event)


def restored(event: Event, contents: Mapping[str, bytes]) -> Event:
    """The event with the members of `data` that were kept apart. A member whose content is not given keeps its check.

    Attachments keep their checks, too: they are downloaded one by one.
    """
    if not event.data.claim_checks:
        return event
    document = json.loads(encode_event(event))
    data, checks = document["data"], document["data"].pop("claimChecks")
    given = {name: contents[check["sha256"]] for name, check in checks.items() if check["sha256"] in contents}
    try:
        members = {name: parse_json(content, InvalidEvent) for name, content in given.items() if name not in _STAYING}
        left = {name: check for name, check in checks.items() if name not in members}
        document["data"] = {**data, **members, **({"claimChecks": left} if left else {})}
        return stored_event(json.dumps(document))
    except (InvalidEvent, ValidationError):
        # The sender itself wrote a check, whose content is no such member.
        return event


def checks_of(event: Event) -> Iterator[ClaimCheck]:
    """Every check that the event carries."""
    yield from event.data.claim_checks.values()
    for attachment in event.attachments:
        yield from attachment.claim_checks.values()


def _relieved(document: dict[str, Any], attachments: int) -> tuple[dict[str, Any], dict[str, bytes], bool]:
    """The event's document without its largest members, their contents, and True if its data fit now."""
    data, contents = document["data"], dict[str, bytes]()
    size = _size(data)
    for candidate in sorted(_candidates(data, attachments), key=lambda one: (-one.size, one.path)):
        if size <= MAX_DATA_BYTES or candidate.size < MIN_CONTENT_BYTES:
            break
        check, content = _kept_apart(candidate)
        candidate.holder.setdefault("claimChecks", {})[candidate.name] = check
        contents[check["sha256"]] = content
        size += _CHECK_BYTES - candidate.size
    return document, contents, size <= MAX_DATA_BYTES


def _candidates(data: dict[str, Any], attachments: int) -> Iterator[_Candidate]:
    """The members that may be kept apart. `attachments`: how many are searched; with 0 they are a single member."""
    for name, value in data.items():
        if name not in _STAYING and not (name == "attachments" and attachments):
            yield _Candidate(_size(value), f"data.{name}", data, name)
    for number in range(attachments):
        attachment, path = data["attachments"][number], f"data.attachments[{number}]"
        for name, value in attachment.items():
            if name not in _STAYING_IN_ATTACHMENTS:
                yield _Candidate(_size(value), f"{path}.{name}", attachment, name)


def _kept_apart(candidate: _Candidate) -> tuple[dict[str, Any], bytes]:
    """Remove the member from its holder. Returns its check and its content."""
    value = candidate.holder.pop(candidate.name)
    inline = _inline(value) if candidate.name == "url" else None
    media_type, content = inline or (JSON, canonical_json(value).encode())
    if inline:
        media_type = media_type or candidate.holder["contentType"]
        candidate.holder.setdefault("size", len(content))
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "contentType": media_type}, content


def _inline(url: Any) -> tuple[str, bytes] | None:
    """The media type (empty where none is given) and the bytes of a data URL (RFC 2397); None for any other URL."""
    if not isinstance(url, str) or url[:5].casefold() != "data:":
        return None
    prefix, comma, _ = url[:_LONGEST_TYPE].partition(",")
    if not comma:
        return None
    media_type, content = prefix[len("data:") :], unquote_to_bytes(url[len(prefix) + 1 :])
    if not media_type.casefold().endswith(_BASE64):
        return media_type, content
    try:
        return media_type[: -len(_BASE64)], base64.b64decode(content, validate=True)
    except binascii.Error:
        return None


def _refuse_too_large(event: Event) -> None:
    size = len(encode_event(event.with_unknown(LONGEST)))
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge(size, MAX_EVENT_BYTES, _largest(json.loads(encode_event(event))))


def _largest(document: dict[str, Any]) -> str:
    """The path of the largest member of the event."""
    envelope = [(_size(value), name) for name, value in document.items() if name != "data"]
    data = [(_size(value), f"data.{name}") for name, value in document["data"].items()]
    return max([*envelope, *data])[1]


def _size(value: Any) -> int:
    """The number of bytes of the value as JSON, as events are written."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
