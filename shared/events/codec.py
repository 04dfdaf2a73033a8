"""The only decoder of events: reads an `Event` from bytes of any ingress or of the bus, or raises InvalidEvent."""

import codecs
import json
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import to_json

from shared.errors import EventTooLarge, InvalidEvent, Mistake
from shared.events.catalog import EVENT_TYPES, TRAVELLING, Event
from shared.near_miss import did_you_mean
from shared.strict_json import parse_json, refuse_size
from shared.wire import validate_json

MAX_EVENT_BYTES = 200 * 1024
"""Limit of one event on the bus. A Standard message may have 256 KB, properties included."""

_GROWTH = 5
"""An event takes at most so many times the bytes of the JSON that it was read from: `1e15` becomes 1000000000000000.0,
and a member that has the Python name of a field makes the field appear beside it."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


class Sized(NamedTuple):
    """An event, and a number of bytes that it does not exceed when it is written."""

    event: Event
    most_bytes: int


def decode_event(body: bytes) -> Event:
    """Decode one event of the bus. Raises InvalidEvent with every mistake, or EventTooLarge."""
    if len(body) > MAX_EVENT_BYTES:
        raise EventTooLarge(len(body), MAX_EVENT_BYTES)
    kind = _known_type(parse_json(body, InvalidEvent))
    event = _validated(body.removeprefix(codecs.BOM_UTF8), kind)
    # The event may be longer when it is stored or sent again.
    size = len(body) * _GROWTH
    if size > MAX_EVENT_BYTES and (size := len(encode_event(event))) > MAX_EVENT_BYTES:
        raise EventTooLarge(size, MAX_EVENT_BYTES)
    return event


def event_from(document: Any) -> Event:
    """The event, of any size, that a parsed JSON document describes. Raises InvalidEvent with every mistake."""
    return sized_event(document).event


def sized_event(document: Any) -> Sized:
    """What `event_from` returns, for who has to know whether it may be too large."""
    kind = _known_type(document)
    body = to_json(document)
    refuse_size(document, body, InvalidEvent)
    return Sized(_validated(body, kind), len(body) * _GROWTH)


def event_document(
    tenant_id: str, subject: str, source: str, event_id: str, kind: str, time: str, data: dict[str, Any]
) -> dict[str, Any]:
    """An event that Patchbay itself makes, as the JSON document that `event_from` reads."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": time,
        "tenantid": tenant_id,
        "datacontenttype": "application/json",
        "data": data,
    }


def encode_event(event: Event) -> bytes:
    """The event as structured JSON, with all that came: unknown members, too, and the time's own text."""
    return event.to_json().encode()


def stored_event(text: str) -> Event:
    """The event in a text that `decode_event` or `event_from` checked before. Only its shape is checked again."""
    return _ADAPTER.validate_json(text, by_alias=True, by_name=False)


_MOST = {"contextVariables": 1_000, "attachments": 500, "transcript": 5_000}
"""Items that a member of `data` may have."""
_MOST_MEMBERS = 1_000
"""Members of an event, and of its data."""


def _refuse_many(document: dict[str, Any]) -> None:
    """Raises InvalidEvent if the event has more of something than can be looked at in a moment."""
    data = document.get("data")
    of_data = data if isinstance(data, dict) else {}
    sizes = [("", document, _MOST_MEMBERS), ("data", of_data, _MOST_MEMBERS)]
    sizes += [(f"data.{name}", of_data[name], most) for name, most in _MOST.items() if name in of_data]
    mistakes = [
        Mistake(path, f"has {len(given)} members; an event may have {most} there")
        for path, given, most in sizes
        if isinstance(given, dict | list) and len(given) > most
    ]
    if mistakes:
        raise InvalidEvent(mistakes)


def _known_type(document: Any) -> str:
    """The type that the event's document names. Raises InvalidEvent if there is no such type."""
    if not isinstance(document, dict):
        raise InvalidEvent([Mistake("", "an event is a JSON object")])
    _refuse_many(document)
    kind = document.get("type")
    if kind not in EVENT_TYPES:
        given = f"is {json.dumps(kind)[:80]}" if "type" in document else "is missing"
        near = did_you_mean(kind[:80], TRAVELLING) if isinstance(kind, str) else ""
        raise InvalidEvent([Mistake("type", f"{given}; known are {', '.join(TRAVELLING)}{near}")])
    return str(kind)


def _validated(body: bytes, kind: str) -> Event:
    try:
        return validate_json(_ADAPTER, body, InvalidEvent)
    except InvalidEvent as error:
        raise InvalidEvent([_without_tag(mistake, kind) for mistake in error.mistakes]) from error


def _without_tag(mistake: Mistake, tag: str) -> Mistake:
    """The mistake without the union's tag, which Pydantic puts in front of the path."""
    return Mistake(mistake.path.removeprefix(tag).removeprefix("."), mistake.reason)
