"""Events that can never be recorded, kept with the reason instead of costing others their deliveries."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.errors import InvalidDocument, Refused
from shared.wire import WireModel

NO_TENANT = "_unknown"
"""The partition for events that name no known tenant."""


class ParkedMistake(WireModel):
    """The offending field and the reason."""

    path: str
    reason: str


class ParkedEvent(WireModel):
    """A delivered body as it came (undecodable bytes as U+FFFD), and why it was refused."""

    id: str
    received_at: str
    code: str
    detail: str
    mistakes: tuple[ParkedMistake, ...] = ()
    body: str


def park(body: bytes, reason: Refused, received_at: datetime) -> ParkedEvent:
    """What is kept of a refused body. The id derives from the body: delivered twice, it is parked once."""
    mistakes = reason.mistakes if isinstance(reason, InvalidDocument) else ()
    return ParkedEvent(
        id=hashlib.sha256(body).hexdigest(),
        received_at=received_at.isoformat(),
        code=reason.code,
        detail=reason.detail,
        mistakes=tuple(ParkedMistake(path=mistake.path, reason=mistake.reason) for mistake in mistakes),
        body=body.decode("utf-8", "replace"),
    )


class ParkedEvents(Protocol):
    """The store of parked events."""

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        """Keep the event; one that is there already stays as it is."""
        ...

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        """All parked events of the tenant (or of NO_TENANT), oldest first."""
        ...
