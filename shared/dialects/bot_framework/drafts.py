"""The drafts of a line and of an end that an activity means."""

from collections.abc import Mapping
from typing import Any

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.said import said, suggested_actions, value_of
from shared.dialects.reading import Draft, event_id
from shared.events.types.conversation_ended import EndedBy, EndReason

_END_CODES: dict[str, tuple[EndReason, EndedBy | None]] = {
    "completedsuccessfully": ("resolved", None),
    "usercancelled": ("abandoned", "customer"),
    "bottimedout": ("disconnected", None),
    "botissuedinvalidmessage": ("other", None),
    "channelfailed": ("disconnected", None),
    "unknown": ("other", None),
}
"""The reason of an end by its code, and who ended the conversation if that is not the sender.

`botTimedOut` says that the bot did not answer: nobody fell silent.
"""
PRESENTATION = (
    "textFormat",
    "locale",
    "speak",
    "inputHint",
    "suggestedActions",
    "attachmentLayout",
    "replyToId",
    "value",
)
"""Members about a message's presentation, which are kept. Channel data is not kept, because it may hold tokens."""


def end_of(activity: Activity) -> Draft:
    """The end that an activity means: of type `endOfConversation`, or a bot's command."""
    value = activity.native.get("value")
    given = [("code", activity.native.get("code"))]
    given += [("value.code", value.get("code"))] if isinstance(value, dict) else []
    path, code = next(((path, code) for path, code in given if isinstance(code, str) and code), ("code", None))
    known = ("resolved", None) if code is None else _END_CODES.get(code.strip().casefold())
    if code is None and activity.kind == "endofconversation":
        activity.note("end_code_missing", "code", "is missing, so the end counts as resolved")
    if known is None:
        activity.note("end_code_unknown", path, f"is {str(code)[:80]!r}, so the end's reason is 'other'")
    reason, ended_by = known or ("other", None)
    data = {"endedBy": ended_by or activity.role, "reason": reason}
    if note := activity.text():
        data["note"] = note
    return Draft(activity.event_id("end"), "conversation.ended", data)


def is_private(activity: Activity) -> bool:
    """True if the customer must not see what the activity says."""
    return activity.channel_data.is_private(from_bot=activity.role == "bot") or "smartAssist" in activity.author


def line_of(activity: Activity, members: Mapping[str, Any] | None = None, *, for_the_agent: bool = False) -> Draft:
    """The line that an activity is, with these members beside the usual ones.

    `for_the_agent`: it is private, whatever its channel data say.
    """
    shown = {name: activity.native[name] for name in PRESENTATION if activity.native.get(name) is not None}
    if shown.pop("value", None) is not None and (value := value_of(activity)) is not None:
        shown["value"] = value
    if "suggestedActions" in shown:
        shown["suggestedActions"] = suggested_actions(activity)
    data: dict[str, Any] = {
        "author": activity.author,
        "attachments": activity.attachments,
        "visibility": "private" if for_the_agent or is_private(activity) else "public",
        **shown,
        **(members or {}),
    }
    if text := said(activity):
        data["text"] = text
    places = {"author": "from"}
    if activity.client_id is None:
        return Draft(activity.event_id(), "message.posted", data, places)
    own_id = event_id(f"client:{activity.client_id}")
    return Draft(own_id, "message.posted", data, places, native_id=activity.text("id"))
