"""What a reader ignores, assumes or leaves out, as data: each note has a stable code, a place and a reason.

The ingress answers what was ignored; the payload doctor shows all notes, with what to do about them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
"""`error`: it is refused. `warning`: it is taken, but hardly as it was meant. `info`: nothing has to be done."""

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
"""Why something that means nothing here was ignored."""

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
"""What a reader assumed, or left out of an event."""

NoteCode = IgnoredCode | AssumedCode


@dataclass(frozen=True)
class Note:
    """One thing that a reader ignored, assumed or left out. `path` is the payload's own (`from.role`)."""

    code: NoteCode
    path: str
    reason: str

    def within(self, place: str) -> "Note":
        """The note as it reads in a document that holds its payload at this path."""
        return Note(self.code, within(place, self.path), self.reason)

    def shown(self) -> dict[str, str]:
        """The note as answers show it."""
        return {"code": self.code, "path": self.path, "reason": self.reason}


Noter = Callable[[NoteCode, str, str], None]
"""Takes a note: code, path, reason."""


def within(place: str, path: str) -> str:
    """A path inside what stands at another one: `activities[2]` and `from.role` are `activities[2].from.role`."""
    return f"{place}.{path}" if place and path and not path.startswith("[") else place + path
