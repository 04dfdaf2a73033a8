"""The only decoder of events: reads an `Event` from bytes of any ingress or of the bus, or raises InvalidEvent."""

import json
from typing import Any

from pydantic import TypeAdapter

from shared.errors import EventTooLarge, InvalidEvent, Mistake
from shared.events.catalog import EVENT_TYPES, Event
from shared.wire import parse_json, validate

MAX_EVENT_BYTES = 200 * 1024
"""Limit of one event on the bus. A Standard message may have 256 KB, properties included."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def decode_event(body: bytes) -> Event:
    """Decode one event of the bus. Raises InvalidEvent with every mistake, or EventTooLarge."""
    if len(body) > MAX_EVENT_BYTES:
        raise EventTooLarge(len(body), MAX_EVENT_BYTES)
    event = event_from(parse_json(body, InvalidEvent))
    # The event may be longer when it is stored or sent again.
    size = len(encode_event(event))
    if size > MAX_EVENT_BYTES:
        raise EventTooLarge(size, MAX_EVENT_BYTES)
    return event


def event_from(document: Any) -> Event:
    """The event, of any size, that a parsed JSON document describes. Raises InvalidEvent with every mistake."""
    if not isinstance(document, dict):
        raise InvalidEvent([Mistake("", "an event is a JSON object")])
    if document.get("type") not in EVENT_TYPES:
        given = f"is {json.dumps(document['type'])[:80]}" if "type" in document else "is missing"
        raise InvalidEvent([Mistake("type", f"{given}; known are {', '.join(EVENT_TYPES)}")])
    try:
        return validate(_ADAPTER, document, InvalidEvent)
    except InvalidEvent as error:
        raise InvalidEvent([_without_tag(mistake, document["type"]) for mistake in error.mistakes]) from error


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


def _without_tag(mistake: Mistake, tag: str) -> Mistake:
    """The mistake without the union's tag, which Pydantic puts in front of the path."""
    return Mistake(mistake.path.removeprefix(tag).removeprefix("."), mistake.reason)
