"""Notes of what a reader ignored, assumed or left out. Each has a stable code, a path and a reason.

The ingress answers what was ignored; the payload doctor shows all notes with their remedies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
"""`error`: it is refused. `warning`: it is accepted, but probably not as meant. `info`: nothing has to be done."""

IgnoredCode = Literal[
    "activity_without_meaning",
    "begun_before",
    "empty_activity_set",
    "empty_message",
    "event_without_meaning",
    "event_without_name",
    "fake_hand_off",
    "hand_off_of_a_customer",
    "hand_off_status",
    "hand_off_trace",
    "hub_context",
    "no_member_added",
    "update_without_message",
]
"""Codes for why a payload was ignored."""

AssumedCode = Literal[
    "attachment_unreadable",
    "byte_order_mark",
    "channel_data_unreadable",
    "closing_hand_off",
    "command_of_a_customer",
    "context_not_taken",
    "context_unreadable",
    "customer_unknown",
    "end_code_missing",
    "end_code_unknown",
    "epoch_time",
    "hand_off_twice",
    "history_gap",
    "history_left_out",
    "id_missing",
    "id_too_long",
    "linked_transcript",
    "members_not_kept",
    "not_bridged",
    "placeholder_id",
    "role_missing",
    "role_unknown",
    "sender_unknown",
    "shortened",
    "tags_unreadable",
    "time_unreadable",
    "unknown_command",
    "update_members_ignored",
    "wrong_type",
]
"""Codes for an assumption of the reader, or for something that it left out of an event."""

NoteCode = IgnoredCode | AssumedCode


@dataclass(frozen=True)
class Note:
    """One thing that a reader ignored, assumed or left out. `path` is the payload's own (`from.role`)."""

    code: NoteCode
    path: str
    reason: str

    def within(self, place: str) -> "Note":
        """The note with its path in a document that holds its payload at `place`."""
        return Note(self.code, within(place, self.path), self.reason)

    def shown(self) -> dict[str, str]:
        """The note as JSON for an answer."""
        return {"code": self.code, "path": self.path, "reason": self.reason}


Noter = Callable[[NoteCode, str, str], None]
"""Takes a note: code, path, reason."""


def within(place: str, path: str) -> str:
    """The path of a member of the value at `place`: `activities[2]`, `from.role` give `activities[2].from.role`."""
    return f"{place}.{path}" if place and path and not path.startswith("[") else place + path
