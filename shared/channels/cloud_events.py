"""CloudEvents at a door: one, or a batch; each is accepted or rejected on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import InvalidDocument, InvalidEvent, Mistake, Refused
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.wire import parse_json


@dataclass(frozen=True)
class Rejected:
    """An event of a batch that was refused: its place, and why."""

    index: int
    reason: Refused


def read_events(tenant_id: str, body: bytes) -> tuple[list[Event], list[Rejected]]:
    """The tenant's events in a body. A single event that is wrong raises Refused; in a batch it is rejected alone."""
    document = parse_json(body, InvalidEvent)
    if not isinstance(document, list):
        return [_of_tenant(tenant_id, document)], []
    events: list[Event] = []
    rejected: list[Rejected] = []
    for index, item in enumerate(document):
        try:
            events.append(_of_tenant(tenant_id, item))
        except Refused as reason:
            rejected.append(Rejected(index, reason))
    return events, rejected


def mistakes_of(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    """The rejected events as they are answered: index, code, detail, and the members at fault."""
    return [
        {
            "index": one.index,
            "code": one.reason.code,
            "detail": one.reason.detail,
            "errors": [
                {"path": mistake.path, "reason": mistake.reason}
                for mistake in (one.reason.mistakes if isinstance(one.reason, InvalidDocument) else ())
            ],
        }
        for one in rejected
    ]


def _of_tenant(tenant_id: str, document: Any) -> Event:
    event = event_from(document)
    if event.tenantid != tenant_id:
        raise InvalidEvent([Mistake("tenantid", f"is {event.tenantid!r}, but the address says {tenant_id!r}")])
    return event
