"""The Bot Framework dialect: an activity becomes the events that it means.

Rules from the Bot Framework activity specification: unknown members are accepted (A2005), unknown activity types and
event names are ignored (A2014, A5002), an event must have a name (A5001), times out of order are no reason to refuse
(A2042).
"""

from collections.abc import Callable, Sequence
from typing import Any

from shared.channels.activity import Activity
from shared.channels.dialect import Draft, Reading
from shared.channels.omnichannel import channel_data, command, is_private
from shared.channels.thread import Begins
from shared.errors import InvalidActivity, Mistake
from shared.tenants.configuration import Configuration

_END_CODES = {
    "completedsuccessfully": "resolved",
    "usercancelled": "abandoned",
    "bottimedout": "inactivity",
    "channelfailed": "disconnected",
}
_SHOWN_WITH = (
    "textFormat",
    "locale",
    "speak",
    "inputHint",
    "suggestedActions",
    "attachmentLayout",
    "replyToId",
    "value",
)
"""Members of a message that say how it was shown; channel data stays away, for it may carry tokens."""


def read_activity(document: Any, configuration: Configuration) -> Reading:
    """Read one activity. Raises InvalidActivity with the member that is missing or wrong."""
    if not isinstance(document, dict):
        raise InvalidActivity([Mistake("", "an activity is a JSON object")])
    activity = Activity(document, configuration)
    kind = activity.text("type")
    if kind is None:
        raise InvalidActivity([Mistake("type", "is missing")])
    drafts, ignored, begins = _READERS.get(kind, _unknown)(activity)
    return Reading(activity.thread_id, activity.time, activity.customer, drafts, ignored, begins=begins)


_Read = tuple[Sequence[Draft], Sequence[str], Begins]


def _message(activity: Activity) -> _Read:
    data = channel_data(activity.native)
    asked = command(data) if activity.role == "bot" else None
    if asked and asked.type == "Escalate":
        # The text of an escalation is the summary for the agent, bridged or not; the customer never sees it.
        return [_escalation(activity, asked.context, activity.text())], [], "always"
    line = _line(activity, private=is_private(data, from_bot=activity.role == "bot"))
    if not ({"text", "value"} & line.data.keys() or line.data["attachments"] or asked):
        return [], ["the message holds neither text nor attachments nor a value"], "never"
    if asked:
        return [line, _end(activity)], [], "never"
    return [line], [], "always" if activity.role == "customer" else "ifFirst"


def _conversation_update(activity: Activity) -> _Read:
    if activity.native.get("membersAdded"):
        return [], [], "always"
    return [], ["a conversationUpdate that adds no member changes nothing here"], "never"


def _event(activity: Activity) -> _Read:
    name = activity.text("name")
    if name is None:
        return [], ["the event has no name (Bot Framework rule A5001)"], "never"
    if name != "handoff.initiate":
        return [], [f"events named {name[:80]!r} have no meaning here"], "never"
    if activity.role == "customer" and activity.says_its_role:
        return [], ["only a bot hands a conversation over"], "never"
    value = activity.native.get("value")
    given = value if isinstance(value, dict) else {}
    context = given.get("Context")
    if not isinstance(context, dict):
        context = {member: item for member, item in given.items() if member not in ("MessageToAgent", "Context")}
    summary = given.get("MessageToAgent", given.get("va_AgentMessage"))
    draft = _escalation(activity, context, summary if isinstance(summary, str) else None)
    return [draft], [], "always"


def _end_of_conversation(activity: Activity) -> _Read:
    return [_end(activity)], [], "never"


def _unknown(activity: Activity) -> _Read:
    return [], [f"activities of type {str(activity.native['type'])[:80]!r} have no meaning here"], "never"


_READERS: dict[str, Callable[[Activity], _Read]] = {
    "message": _message,
    "conversationUpdate": _conversation_update,
    "event": _event,
    "endOfConversation": _end_of_conversation,
}


def _escalation(activity: Activity, context: dict[str, Any], summary: str | None) -> Draft:
    data: dict[str, Any] = {"botId": activity.bot_id, "contextVariables": context, "transcript": _history(activity)}
    data["attachments"] = [one for one in activity.attachments if not _said_in(one)]
    if summary:
        data["summary"] = summary
    return Draft(activity.event_id("escalate"), "bot.escalated", data)


def _end(activity: Activity) -> Draft:
    code = activity.text("code")
    reason = "resolved" if code is None else _END_CODES.get(code.casefold(), "other")
    data = {"endedBy": activity.role, "reason": reason}
    if note := activity.text():
        data["note"] = note
    return Draft(activity.event_id("end"), "conversation.ended", data)


def _line(activity: Activity, *, private: bool) -> Draft:
    data: dict[str, Any] = {
        "author": activity.author,
        "attachments": activity.attachments,
        "visibility": "private" if private else "public",
        **{name: activity.native[name] for name in _SHOWN_WITH if activity.native.get(name) is not None},
    }
    if text := activity.text():
        data["text"] = text
    return Draft(activity.event_id(), "message.posted", data)


def _history(activity: Activity) -> list[dict[str, Any]]:
    """The messages inside an attached transcript (`content.activities`), as lines of the bot's history."""
    return [
        _history_line(Activity(document, activity.configuration))
        for attachment in activity.attachments
        for document in _said_in(attachment)
        if isinstance(document, dict) and document.get("type") == "message"
    ]


def _said_in(attachment: dict[str, Any]) -> list[Any]:
    """The activities inside an attachment; empty where it is no transcript."""
    content = attachment.get("content")
    said = content.get("activities") if isinstance(content, dict) else None
    return said if isinstance(said, list) else []


def _history_line(said: Activity) -> dict[str, Any]:
    try:
        time = said.time
    except InvalidActivity:
        # A line without a time is still a line, and no reason to refuse the escalation that brings it.
        time = None
    known = {"id": said.text("id") and said.event_id(), "text": said.text(), "time": time}
    line: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    private = is_private(channel_data(said.native), from_bot=said.role == "bot")
    visibility = "private" if private else "public"
    return {**line, "author": said.author, "attachments": said.attachments, "visibility": visibility}
