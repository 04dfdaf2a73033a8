"""Notes of what a reader ignored, assumed or left out. Each has a stable code, a path and a reason.

The ingress answers what was ignored; the payload doctor shows all notes with their remedies. A dialect declares the
codes of its own notes in its room; those here are of several dialects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
"""`error`: it is refused. `warning`: it is accepted, but probably not as meant. `info`: nothing has to be done."""

NoteKinds = Mapping[str, tuple[Severity, str]]
"""The severity and the remedy of each code of notes."""

CommonCode = Literal[
    "begun_before",
    "byte_order_mark",
    "empty_message",
    "hand_off_twice",
    "id_too_long",
    "members_not_kept",
    "reaction_removed",
    "sender_unknown",
    "shortened",
    "unknown_member",
]
"""Codes of notes of several dialects, or of the ingress itself."""

NOTHING = "Nothing has to be done."
NOT_SHOWN = "(A message that cannot be shown here.)"
"""What a line says of a message of a kind that nobody reads: somebody said it all the same, and awaits an answer."""
COMMON: NoteKinds = {
    "begun_before": ("info", NOTHING),
    "byte_order_mark": ("info", NOTHING),
    "empty_message": ("info", "Send text, an attachment or a value if there is a line to keep."),
    "hand_off_twice": ("warning", "Send a hand-off once; a retry keeps its id."),
    "id_too_long": ("info", NOTHING),
    "members_not_kept": ("info", "Put what a transcript must hold into text, value or an attachment."),
    "reaction_removed": ("info", NOTHING),
    "sender_unknown": ("warning", "Name the sender in from.id."),
    "shortened": ("info", NOTHING),
    "unknown_member": ("warning", "Correct the member's name, or leave it out: it is kept, and nothing reads it."),
}


@dataclass(frozen=True)
class Note:
    """One thing that a reader ignored, assumed or left out. `path` is the payload's own (`from.role`)."""

    code: str
    path: str
    reason: str

    def within(self, place: str) -> "Note":
        """The note with its path in a document that holds its payload at `place`."""
        return Note(self.code, within(place, self.path), self.reason)

    def shown(self) -> dict[str, str]:
        """The note as JSON for an answer."""
        return {"code": self.code, "path": self.path, "reason": self.reason}


def common_note(code: CommonCode, path: str, reason: str) -> Note:
    """A note of a code that several dialects have."""
    return Note(code, path, reason)


def within(place: str, path: str) -> str:
    """The path of a member of the value at `place`: `activities[2]`, `from.role` give `activities[2].from.role`."""
    return f"{place}.{path}" if place and path and not path.startswith("[") else place + path
