"""A body read in its dialect: one payload, or a set, of which each is read and perhaps rejected on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.dialects.dialect import Dialect, Ingress, Outcome
from shared.dialects.notes import Note, common_note, within
from shared.dialects.reading import Reading, outcome_of
from shared.dialects.received import Received
from shared.errors import InvalidActivity, Mistake, Refused
from shared.events.claim_check import CheckedIn
from shared.events.conversation_event import refuse_time
from shared.events.envelope import parse_time, time_fault


@dataclass(frozen=True)
class Part:
    """One payload of a body: its path there (empty where it is the whole), and its outcome, or why it is refused."""

    path: str
    outcome: Outcome | Refused


@dataclass(frozen=True)
class Payload:
    """The reading of a body in its dialect.

    `notes` are about the whole body, and so is `left_out`; each part has its own notes.
    """

    dialect: Dialect
    parts: Sequence[Part]
    is_set: bool
    notes: Sequence[Note]
    left_out: Sequence[Note] = ()

    @property
    def ignored(self) -> list[Note]:
        """The notes of what was ignored, with their paths in the body."""
        parts = [
            note.within(part.path)
            for part in self.parts
            if isinstance(part.outcome, Reading)
            for note in part.outcome.ignored
        ]
        return [*parts, *self.left_out]


@dataclass(frozen=True)
class Rejected:
    """A payload of a set that was refused: its index in the set, and the reason."""

    index: int
    reason: Refused


def read_payload(dialect: Dialect, received: Received, ingress: Ingress, now: datetime) -> Payload:
    """Read a body of this dialect that comes now.

    Raises Refused for a body that cannot be read, or for a wrong payload of no set.
    """
    decoded = dialect.decode(received)
    if not decoded.is_set:
        parts = [Part(path, _read(dialect, native, ingress, now)) for path, native in decoded.payloads]
        return Payload(dialect, parts, is_set=False, notes=decoded.notes, left_out=decoded.ignored)
    parts = [Part(path, outcome_of(_read, dialect, native, ingress, now)) for path, native in decoded.payloads]
    return Payload(dialect, parts, is_set=True, notes=[*decoded.notes, *_repeated(parts)], left_out=decoded.ignored)


def _read(dialect: Dialect, native: Any, ingress: Ingress, now: datetime) -> Outcome:
    """Read one payload. Raises Refused, also for a time at which nothing can have happened."""
    outcome = dialect.read(native, ingress)
    if isinstance(outcome, CheckedIn):
        refuse_time(outcome.event, now)
        return outcome
    for time in (outcome.time, outcome.line_time):
        if time is not None and (fault := time_fault(parse_time(time), now)):
            raise InvalidActivity([Mistake(dialect.time_at, fault)])
    return outcome


def mistakes_of(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    """The rejected payloads as JSON for an answer: index, code, detail, and the members at fault."""
    return [
        {
            "index": one.index,
            "code": one.reason.code,
            "detail": one.reason.detail,
            "errors": [mistake.shown() for mistake in one.reason.mistakes],
        }
        for one in rejected
    ]


def _repeated(parts: Sequence[Part]) -> list[Note]:
    """Notes on second hand-offs of a thread in one set: Copilot Studio often emits a hand-off twice."""
    handed_over: dict[str | None, str] = {}
    notes = []
    for part in parts:
        if not isinstance(part.outcome, Reading):
            continue
        for draft in part.outcome.drafts:
            first = handed_over.setdefault(part.outcome.thread_id, draft.id) if draft.type == "bot.escalated" else None
            if first not in (None, draft.id):
                reason = f"hands over what {first[:80]!r} handed over before: an escalation of its own"
                notes.append(common_note("hand_off_twice", within(part.path, "id"), reason))
    return notes
