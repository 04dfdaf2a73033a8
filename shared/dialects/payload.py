"""A webhook's body in one of the native dialects: one payload, or a set of Bot Framework activities.

Direct Line answers `{"activities": [...], "watermark": ...}`, and recordings are arrays of activities. In a set each
activity is read on its own, and a wrong one is rejected alone.
"""

import codecs
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.dialects.bot_framework.reader import read_activity
from shared.dialects.notes import Note, within
from shared.dialects.reading import Reading, outcome_of
from shared.dialects.telegram import read_update
from shared.errors import InvalidActivity, Mistake, Refused
from shared.tenants.configuration import Configuration
from shared.wire import parse_json

MAX_ACTIVITIES = 1000
"""Activities in one set. Each of them is resolved to its conversation before the answer."""

NativeDialect = Literal["botFramework", "telegram"]


@dataclass(frozen=True)
class Part:
    """One payload of a body: its path there (empty where it is the whole), and its reading, or why it is refused."""

    path: str
    outcome: Reading | Refused


@dataclass(frozen=True)
class Payload:
    """The reading of a body. `notes` are about the whole body; each part's reading has its own notes."""

    parts: Sequence[Part]
    is_set: bool
    notes: Sequence[Note]

    @property
    def ignored(self) -> list[Note]:
        """The notes of what was ignored, with their paths in the body."""
        parts = [
            note.within(part.path)
            for part in self.parts
            if isinstance(part.outcome, Reading)
            for note in part.outcome.ignored
        ]
        empty = [Note("empty_activity_set", "", "the set holds no activity")] if not self.parts else []
        return [*parts, *empty]


def read_payload(dialect: NativeDialect, body: bytes, configuration: Configuration) -> Payload:
    """Read a body of this dialect. Raises InvalidActivity for invalid JSON, a wrong payload, or too large a set."""
    document = parse_json(body, InvalidActivity)
    activities = activity_set(document) if dialect == "botFramework" else None
    if activities is not None and len(activities) > MAX_ACTIVITIES:
        path = "activities" if isinstance(document, dict) else ""
        raise InvalidActivity([Mistake(path, f"has {len(activities)} activities; one body may have {MAX_ACTIVITIES}")])
    read = _READERS[dialect]
    if activities is None:
        return Payload([Part("", read(document, configuration))], is_set=False, notes=skipped_mark(body))
    parts = [Part(path, outcome_of(read, item, configuration)) for path, item in activities]
    return Payload(parts, is_set=True, notes=[*skipped_mark(body), *_repeated(parts)])


def skipped_mark(body: bytes) -> list[Note]:
    """A note if the body begins with a byte order mark, which is skipped; else none."""
    reason = "the body begins with a byte order mark, which is skipped"
    return [Note("byte_order_mark", "", reason)] if body.startswith(codecs.BOM_UTF8) else []


def activity_set(document: Any) -> list[tuple[str, Any]] | None:
    """The activities of a set, each with its path; None if the document is no set."""
    if isinstance(document, list):
        return [(f"[{n}]", item) for n, item in enumerate(document)]
    if isinstance(document, dict) and "type" not in document and isinstance(document.get("activities"), list):
        return [(f"activities[{n}]", item) for n, item in enumerate(document["activities"])]
    return None


_Reader = Callable[[Any, Configuration], Reading]
_READERS: Mapping[NativeDialect, _Reader] = {"botFramework": read_activity, "telegram": read_update}


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
                notes.append(Note("hand_off_twice", within(part.path, "id"), reason))
    return notes
