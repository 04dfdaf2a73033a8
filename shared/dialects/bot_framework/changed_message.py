"""What happens to a message after it was sent: it is updated, deleted, or somebody reacts to it.

An update and a deletion have the id of the message itself, a reaction names it in `replyToId`.
"""

import hashlib
from typing import Any, NamedTuple

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.drafts import is_private
from shared.dialects.bot_framework.notes import IgnoredCode
from shared.dialects.bot_framework.presentation import said_by
from shared.dialects.bot_framework.said import said
from shared.dialects.notes import CommonCode, Note
from shared.dialects.reading import Draft, event_id
from shared.events.conversation_event import Begins
from shared.strict_json import canonical_json

MEMBERS = ("attachmentLayout", "inputHint", "reactionsAdded", "reactionsRemoved", "replyToId", "textFormat")
"""Members that are read here, or that only tell how the message is shown."""
_EMOJI = {
    "angry": "😡",
    "heart": "❤️",
    "laugh": "😆",
    "like": "👍",
    "plusone": "👍",
    "sad": "😢",
    "surprised": "😮",
}
"""The signs of Microsoft Teams for its names of reactions."""


class Change(NamedTuple):
    """A change or a reaction as a draft, and whether it begins a conversation."""

    draft: Draft
    begins: Begins


def update_of(activity: Activity) -> Change | Note:
    """The change that a messageUpdate tells of."""
    text, attachments = said(activity), activity.attachments
    if not text and not attachments:
        return _ignored("empty_message", "text", "the message holds neither text nor attachments now")
    if commands := activity.role == "bot" and activity.channel_data.tags.is_command:
        reason = "holds a command, but in the update of a message: nothing is asked of the hub, and agents alone see it"
        activity.note("command_in_update", f"{activity.channel_data.name}.tags", reason)
    hidden = {"visibility": "private"} if commands or is_private(activity) else {}
    # A message that has only files now has no text any more.
    return _change(activity, {"text": text or "", **({"attachments": attachments} if attachments else {}), **hidden})


def deletion_of(activity: Activity) -> Change | Note:
    """The removal that a messageDelete tells of."""
    return _change(activity, {"removed": True})


def reaction_of(activity: Activity) -> Change | Note:
    """The reaction as a line of whoever reacts: it asks nobody, and invokes no bot."""
    added = activity.native.get("reactionsAdded")
    names = [str(one.get("type")) for one in added if isinstance(one, dict)] if isinstance(added, list) else []
    if not names:
        return _ignored("reaction_removed", "reactionsAdded", "is missing: a reaction was taken back")
    shown: dict[str, Any] = {"author": activity.author, "reaction": True}
    shown["text"] = " ".join(_EMOJI.get(name.casefold(), name[:40]) for name in names[:20])
    if (answered := activity.text("replyToId")) is not None:
        shown["replyToId"] = answered
    return Change(Draft(activity.event_id(f"reaction:{_mark(activity)}"), "message.posted", shown), "ifFirst")


def _change(activity: Activity, now: dict[str, Any]) -> Change | Note:
    native_id = activity.text("id")
    if native_id is None:
        return _ignored("change_without_line", "id", "is missing, so nobody knows which message it is")
    data = {"messageId": event_id(native_id), **now, "author": activity.author}
    draft = Draft(activity.event_id(f"changed:{_mark(activity)}"), "message.changed", data, {"author": "from"})
    return Change(draft, "never")


def _mark(activity: Activity) -> str:
    """Tells two changes of one message apart, and is the same each time that one of them comes."""
    return hashlib.sha256(canonical_json(said_by(activity.native)).encode()).hexdigest()[:16]


def _ignored(code: IgnoredCode | CommonCode, path: str, reason: str) -> Note:
    return Note(code, path, reason)
