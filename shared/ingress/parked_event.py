"""Events that can never be recorded, kept with the reason instead of costing others their deliveries."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from pydantic import TypeAdapter

from shared.errors import InvalidEvent, Refused
from shared.events.envelope import Envelope
from shared.events.trace_context import CARRIED, without_carried
from shared.wire import WireModel, canonical_json, parse_json, validate

NO_TENANT = "_unknown"
"""The partition for events that name no known tenant. No tenant can be called so."""
IDENTITY = ("tenantid", "subject", "source", "id")
"""The members of an event that say which one it is."""

_ENVELOPE: TypeAdapter[Envelope] = TypeAdapter(Envelope)


class ParkedMistake(WireModel):
    """The offending field and the reason."""

    path: str
    reason: str


class ParkedEvent(WireModel):
    """A delivered body as it came (undecodable bytes as U+FFFD), and why it was refused.

    `replaying_at`: a replay has begun since it was refused; `replayed_at`: and it was published.
    """

    id: str
    received_at: str
    code: str
    detail: str
    mistakes: tuple[ParkedMistake, ...] = ()
    body: str
    replaying_at: str | None = None
    replayed_at: str | None = None

    @property
    def position(self) -> str:
        """Its place among the parked events of its tenant: in order of arrival, as text that a URL may hold."""
        return f"{self.received_at}.{self.id}"

    def whole(self) -> bool:
        """Whether `body` is what came, byte by byte."""
        return _id_of(self.body.encode()) == self.id

    def identity(self) -> dict[str, str]:
        """The members of its identity that can be read, which is not to say that the tenant is known."""
        try:
            document = parse_json(self.body.encode(), InvalidEvent)
        except InvalidEvent:
            return {}
        if not isinstance(document, dict):
            return {}
        wrong: set[str] = set()
        try:
            validate(_ENVELOPE, document, InvalidEvent)
        except InvalidEvent as error:
            wrong = {mistake.path for mistake in error.mistakes}
        given = {name: document.get(name) for name in IDENTITY if name not in wrong}
        return {name: text for name, text in given.items() if isinstance(text, str) and "\ufffd" not in text}


def park(body: bytes, reason: Refused, received_at: datetime) -> ParkedEvent:
    """What is kept of a refused body.

    The id derives from the body: delivered twice, it is parked once, and sent twice, too, whatever trace it came in.
    """
    return ParkedEvent(
        id=_id_of(body),
        received_at=arrival_text(received_at),
        code=reason.code,
        detail=reason.detail,
        mistakes=tuple(ParkedMistake(path=mistake.path, reason=mistake.reason) for mistake in reason.mistakes),
        body=body.decode("utf-8", "replace"),
    )


def arrival_text(received: datetime) -> str:
    """A time of arrival as parked events have it: of one width and without a "+", for `position`."""
    return received.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _id_of(body: bytes) -> str:
    return hashlib.sha256(_content_of(body)).hexdigest()


def _content_of(body: bytes) -> bytes:
    """The body, or where it carries a trace, all else that it says."""
    if not any(name.encode() in body for name in CARRIED):
        return body
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent:
        return body
    carries = isinstance(document, dict) and any(name in document for name in CARRIED)
    return canonical_json(without_carried(document)).encode() if carries else body


class ParkedEvents(Protocol):
    """The store of parked events.

    A replay is marked before it is published and after. What is delivered between the marks and refused again thereby
    takes back the first, so the second is not made, and no refused event is ever taken for a replayed one.
    """

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        """Keep the event. One that is there already stays as it is, unless a replay of it has begun since.

        Then this is what became of the replay: it takes the place of what is there.
        """
        ...

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        """The parked events of the tenant (or of NO_TENANT) behind a position, in order of it.

        Replayed ones are left out, unless they are asked for.
        """
        ...

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None: ...

    async def delete(self, tenant_id: str, event_id: str) -> None:
        """Forget the event. Where there is none, nothing happens."""
        ...

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        """A replay begins; the event still is listed."""
        ...

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        """The replay that began at this time was published; without effect if the event was refused meanwhile."""
        ...
