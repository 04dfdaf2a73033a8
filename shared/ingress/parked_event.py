"""Parked events and effects: what cannot be done as it is, kept with the reason, so that others need not wait."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from pydantic import TypeAdapter

from shared.errors import InvalidEvent, Refused
from shared.events.content import NO_CONTENT, content_of
from shared.events.envelope import Envelope
from shared.personal_data import Deleted, keeps
from shared.strict_json import canonical_json, parse_json
from shared.wire import ExactModel, validate

NO_TENANT = "_unknown"
"""The partition for events that name no known tenant. No tenant can have this id."""
IDENTITY = ("tenantid", "subject", "source", "id")
"""The members of an event that its identity is made of."""

_ENVELOPE: TypeAdapter[Envelope] = TypeAdapter(Envelope)


class ParkedMistake(ExactModel):
    """One thing that is wrong with the body: the member's path, and the reason."""

    path: str
    reason: str


class ParkedEffect(ExactModel):
    """An effect that was parked: the key of its conversation, its id in the outbox, its kind, its head's revision."""

    key: str
    effect_id: str
    kind: str
    revision: int


class ParkedEvent(ExactModel):
    """A delivered body as it came (undecodable bytes as U+FFFD), and why it was refused.

    `effect` is set if it stands for an effect; its body names that one then.
    `replaying_at`: when a replay began, if one did since the refusal; `replayed_at`: set once that was published.
    """

    id: str
    received_at: str
    code: str
    detail: str
    mistakes: tuple[ParkedMistake, ...] = ()
    body: str
    effect: ParkedEffect | None = None
    replaying_at: str | None = None
    replayed_at: str | None = None

    @property
    def position(self) -> str:
        """Its sort key among its tenant's parked events, by arrival, as text that is safe in a URL."""
        return f"{self.received_at}.{self.id}"

    def whole(self) -> bool:
        """True if `body` is what came, byte by byte."""
        return _id_of(self.body.encode()) == self.id

    def identity(self) -> dict[str, str]:
        """The valid members of the event's identity, by name. The tenant may be unknown."""
        try:
            document = parse_json(self.body.encode(), InvalidEvent)
        except InvalidEvent:
            return {}
        if not isinstance(document, dict):
            return {}
        invalid: set[str] = set()
        try:
            validate(_ENVELOPE, document, InvalidEvent)
        except InvalidEvent as error:
            invalid = {mistake.path for mistake in error.mistakes}
        valid = {name: document.get(name) for name in IDENTITY if name not in invalid}
        return {name: text for name, text in valid.items() if isinstance(text, str) and "\ufffd" not in text}


def park(body: bytes, reason: Refused, received_at: datetime) -> ParkedEvent:
    """The parked event for a refused body.

    Its id derives from the body without trace and stamp, so it is parked once, however often it is delivered or sent.
    """
    return ParkedEvent(
        id=_id_of(body),
        received_at=arrival_text(received_at),
        code=reason.code,
        detail=reason.detail,
        mistakes=tuple(ParkedMistake(path=mistake.path, reason=mistake.reason) for mistake in reason.mistakes),
        body=body.decode("utf-8", "replace"),
    )


def park_effect(effect: ParkedEffect, code: str, detail: str, at: datetime) -> ParkedEvent:
    """The entry for a parked effect, which is the same one however often the effect is parked."""
    body = effect.to_json()
    return ParkedEvent(
        id=_id_of(body.encode()), received_at=arrival_text(at), code=code, detail=detail, body=body, effect=effect
    )


def arrival_text(received: datetime) -> str:
    """A time of arrival as text for `position`: of fixed width, so that it sorts, and without "+"."""
    return received.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _id_of(body: bytes) -> str:
    return hashlib.sha256(_content_of(body)).hexdigest()


def _content_of(body: bytes) -> bytes:
    """The body; if it carries a trace or a stamp, the body without them as canonical JSON."""
    if not any(name.encode() in body for name in NO_CONTENT):
        return body
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent:
        return body
    carries = isinstance(document, dict) and any(name in document for name in NO_CONTENT)
    return canonical_json(content_of(document)).encode() if carries else body


@keeps(
    "the bodies of refused events, whole",
    found_by="the tenant alone: a body that cannot be read names no customer",
    deleted=Deleted.BY_AGE,
)
class ParkedEvents(Protocol):
    """The store of parked events.

    A replay is marked before it is published and after. An event that is refused again between the two marks removes
    the first, and then the second is not made. So no refused event ever counts as replayed.
    """

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        """Store the event. If an event of this id is stored already, that one stays.

        But if a replay of the stored event has begun, this event is what the replay led to: refused again. Then it
        replaces the stored one, which is listed again.
        """
        ...

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        """The tenant's (or NO_TENANT's) parked events after a position, in order of position.

        `replayed`: replayed events are included.
        """
        ...

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None: ...

    async def delete(self, tenant_id: str, event_id: str) -> None:
        """Delete the event. Does nothing if there is none."""
        ...

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        """Mark that a replay begins. The event is still listed."""
        ...

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        """Mark that the replay that began at `at` was published. Does nothing if the event was refused meanwhile."""
        ...
