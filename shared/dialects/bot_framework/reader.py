"""The Bot Framework dialect: reads an activity as the events that it means.

Rules from the Bot Framework activity specification: unknown members are accepted (A2005), unknown activity types and
event names are ignored (A2014, A5002), an event must have a name (A5001), times out of order are no reason to refuse
(A2042).
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.changed_message import MEMBERS, Change, deletion_of, reaction_of, update_of
from shared.dialects.bot_framework.hand_off import handed_over, handed_over_with_value
from shared.dialects.bot_framework.notes import IgnoredCode
from shared.dialects.dialect import TenantView
from shared.dialects.notes import CommonCode, Note
from shared.dialects.reading import Draft, Reading
from shared.errors import InvalidActivity, Mistake
from shared.events.conversation_event import Begins
from shared.events.data import Customer

_END_CODES = {
    "completedsuccessfully": "resolved",
    "usercancelled": "abandoned",
    "bottimedout": "inactivity",
    "channelfailed": "disconnected",
}
_PRESENTATION = (
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
_READ = {"type", "id", "timestamp", "from", "recipient", "conversation", "locale", "text", "attachments"}
_TRANSPORT = {"channelId", "serviceUrl", "localTimestamp", "localTimezone", "rawTimestamp", "callerId", "relatesTo"}
"""Members that are about the transport only."""
_HUB_CONTEXT = ("startconversation", "omnichannelsetcontext")
"""Events by which Omnichannel tells a bot that a conversation begins for it."""
_NO_ESCALATION = re.compile(r"escalat\w{0,9}\b.{0,60}\bnot\b.{0,20}\bconfigured", re.IGNORECASE | re.DOTALL)
"""The line of a Copilot Studio bot whose hand-off is not connected: `Escalating ... is not currently configured`."""


def read_activity(document: Any, tenant: TenantView) -> Reading:
    """Read one activity. Raises InvalidActivity with the member that is missing or wrong."""
    if not isinstance(document, dict):
        raise InvalidActivity([Mistake("", "an activity is a JSON object")])
    activity = Activity(document, tenant)
    kind = activity.text("type")
    if kind is None:
        raise InvalidActivity([Mistake("type", "is missing")])
    read = _READERS.get(kind, _unknown)(activity)
    if not read.drafts and read.begins == "never":
        nobody = Customer(id="unknown")
        return Reading(None, None, nobody, [], read.ignored, "never", activity.notes)
    context = activity.channel_data.conversation_context if read.begins != "never" else ({}, "")
    _note_members(activity, read.members)
    place = (activity.thread_id, activity.time, activity.customer)
    return Reading(*place, read.drafts, read.ignored, read.begins, activity.notes, *context)


class _Read(NamedTuple):
    """The reading of one kind of activity. `members`: the names of the members that only this kind reads."""

    drafts: Sequence[Draft]
    ignored: Sequence[Note]
    begins: Begins
    members: Sequence[str] = ()


def _ignored(code: IgnoredCode | CommonCode, path: str, reason: str) -> _Read:
    return _Read([], [Note(code, path, reason)], "never")


def _message(activity: Activity) -> _Read:
    data = activity.channel_data
    from_bot = activity.role == "bot"
    command = data.command if from_bot else None
    if data.is_command and not from_bot:
        reason = f"holds a command, but the sender is a {activity.role}: only a bot's commands are followed"
        activity.note("command_of_a_customer", f"{data.name}.tags", reason)
    if command and command.type == "Escalate":
        # The text of an escalation is the summary for the agent, bridged or not; the customer never sees it.
        draft = handed_over(activity, command.context, command.place, activity.text())
        return _Read([draft], [], "always", _PRESENTATION)
    text = activity.text()
    if from_bot and text and _NO_ESCALATION.search(text[:1000]):
        reason = "says that escalation is not configured: the bot hands nothing over, and nobody is told"
        activity.note("fake_hand_off", "text", reason)
    line = _line(activity, private=data.is_private(from_bot=from_bot))
    if not ({"text", "value"} & line.data.keys() or line.data["attachments"] or command):
        return _ignored("empty_message", "text", "the message holds neither text nor attachments nor a value")
    if command:
        return _Read([line, _end(activity)], [], "never", _PRESENTATION)
    return _Read([line], [], "always" if activity.role == "customer" else "ifFirst", _PRESENTATION)


def _conversation_update(activity: Activity) -> _Read:
    if activity.native.get("membersAdded"):
        return _Read([], [], "always", ["membersAdded"])
    if "vnd.microsoft.msdyn.oc.data" in activity.channel_data.members:
        return _hub_context(activity, activity.channel_data.name)
    reason = "a conversationUpdate that adds no member changes nothing here"
    return _ignored("no_member_added", "membersAdded", reason)


def _event(activity: Activity) -> _Read:
    name = activity.text("name")
    if name is None:
        return _ignored("event_without_name", "name", "the event has no name (Bot Framework rule A5001)")
    folded = name.casefold()
    if folded in _HUB_CONTEXT:
        return _hub_context(activity, "value")
    if folded == "handoff.status":
        return _ignored("hand_off_status", "name", "a hub tells a bot how its hand-off goes; nothing changes here")
    # Hubs' own connectors name theirs after the hub: GenesysHandoff.
    if folded == "handoff.initiate" or folded.endswith("handoff"):
        return _hand_off(activity)
    return _ignored("event_without_meaning", "name", f"events named {name[:80]!r} have no meaning here")


def _hand_off(activity: Activity) -> _Read:
    if activity.role == "customer" and activity.says_its_role:
        return _ignored("hand_off_of_a_customer", "from.role", "only a bot hands a conversation over")
    draft = handed_over_with_value(activity)
    begins: Begins = "always" if draft.type == "bot.escalated" else "never"
    return _Read([draft], [], begins, ["name", "value", "locale", "replyToId"])


def _hub_context(activity: Activity, member: str) -> _Read:
    """Omnichannel tells a bot about a conversation. Some samples lack the conversation's id."""
    has_id = isinstance(activity.native.get("conversation"), dict)
    begun = "a conversation begins" if has_id else "nothing begins without conversation.id"
    note = Note("hub_context", member, f"is what a hub tells its bot: {begun}, and no context variable is set")
    return _Read([], [note], "always" if has_id else "never", ["name", "value", "text", "textFormat", "replyToId"])


def _end_of_conversation(activity: Activity) -> _Read:
    return _Read([_end(activity)], [], "never", ["code"])


def _trace(activity: Activity) -> _Read:
    """Copilot Studio records hand-offs as traces, also those that it did not make (domain: what it really records)."""
    value_type = str(activity.native.get("valueType"))
    value = activity.native.get("value")
    outcome = str(value.get("outcomeReason")) if isinstance(value, dict) else ""
    if outcome.casefold() == "agenttransferfromquestionmaxattempts":
        reason = f"records a hand-off for {outcome}, which nobody asked for; a trace hands nothing over"
        return _ignored("fake_hand_off", "value.outcomeReason", reason)
    if value_type.casefold() in ("handoff", "escalationrequested"):
        reason = f"a trace {value_type} is a record of the bot's, and no hand-off"
        return _ignored("hand_off_trace", "valueType", reason)
    return _unknown(activity)


def _changed(found: Change | Note) -> _Read:
    return _Read([], [found], "never") if isinstance(found, Note) else _Read([found.draft], [], found.begins, MEMBERS)


def _unknown(activity: Activity) -> _Read:
    kind = str(activity.native["type"])[:80]
    return _ignored("activity_without_meaning", "type", f"activities of type {kind!r} have no meaning here")


_READERS: dict[str, Callable[[Activity], _Read]] = {
    "message": _message,
    "conversationUpdate": _conversation_update,
    "event": _event,
    "handoff": _hand_off,
    "endOfConversation": _end_of_conversation,
    "trace": _trace,
    "messageUpdate": lambda activity: _changed(update_of(activity)),
    "messageDelete": lambda activity: _changed(deletion_of(activity)),
    "messageReaction": lambda activity: _changed(reaction_of(activity)),
}


def _end(activity: Activity) -> Draft:
    code = activity.text("code")
    reason = "resolved" if code is None else _END_CODES.get(code.casefold(), "other")
    if code is None and activity.native["type"] == "endOfConversation":
        activity.note("end_code_missing", "code", "is missing, so the end counts as resolved")
    if reason == "other":
        activity.note("end_code_unknown", "code", f"is {str(code)[:80]!r}, so the end's reason is 'other'")
    data = {"endedBy": activity.role, "reason": reason}
    if note := activity.text():
        data["note"] = note
    return Draft(activity.event_id("end"), "conversation.ended", data)


def _line(activity: Activity, *, private: bool) -> Draft:
    data: dict[str, Any] = {
        "author": activity.author,
        "attachments": activity.attachments,
        "visibility": "private" if private else "public",
        **{name: activity.native[name] for name in _PRESENTATION if activity.native.get(name) is not None},
    }
    if text := activity.text():
        data["text"] = text
    return Draft(activity.event_id(), "message.posted", data, {"author": "from"})


def _note_members(activity: Activity, members: Sequence[str]) -> None:
    """Note the members that are part of no event. Unknown members are accepted, and left out."""
    read = {*_READ, *_TRANSPORT, "channelData", "channeldata", *members}
    left_out = sorted(name for name, value in activity.native.items() if name not in read and value)
    if left_out:
        activity.note("members_not_kept", "", f"leaves out {', '.join(name[:40] for name in left_out[:10])}")
