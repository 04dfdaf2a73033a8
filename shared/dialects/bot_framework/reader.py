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
from shared.dialects.bot_framework.drafts import PRESENTATION, end_of, line_of
from shared.dialects.bot_framework.hand_off import begins_with, handed_over, handed_over_with_value
from shared.dialects.bot_framework.notes import ActivityCode
from shared.dialects.bot_framework.sign_in import is_sign_in, without_tokens
from shared.dialects.dialect import TenantView
from shared.dialects.notes import Note
from shared.dialects.reading import Draft, Reading
from shared.errors import InvalidActivity, Mistake
from shared.events.conversation_event import Begins
from shared.events.data import Customer
from shared.near_miss import typo_between

_READ = {"type", "id", "timestamp", "from", "recipient", "conversation", "locale", "text", "attachments"}
_TRANSPORT = {"channelId", "serviceUrl", "localTimestamp", "localTimezone", "rawTimestamp", "callerId", "relatesTo"}
"""Members that are about the transport only."""
_HUB_CONTEXT = ("startconversation", "omnichannelsetcontext")
"""Events by which Omnichannel tells a bot that a conversation begins for it."""
_ASKING = ("fetch", "query", "querylink", "queryanswer", "selectitem", "search")
"""How the names of invokes end by which a client asks its bot for something to show."""
_SILENT = frozenset(["contactrelationupdate", "deleteuserdata", "installationupdate", "ping", "trace", "typing"])
"""Types of activities in which nobody says anything, whatever their members are."""
_NO_LETTER = re.compile(r"[^a-z]")
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
    read = _reader(activity, kind)(activity)
    if not read.drafts and read.begins == "never":
        nobody = Customer(id="unknown")
        return Reading(None, None, nobody, [], read.ignored, "never", activity.notes)
    context, context_place = activity.channel_data.conversation_context if read.begins != "never" else ({}, "")
    context = without_tokens(context, context_place, activity.note)
    _note_members(activity, read.members)
    place = (activity.thread_id, activity.time, activity.customer)
    return Reading(*place, read.drafts, read.ignored, read.begins, activity.notes, context, context_place)


class _Read(NamedTuple):
    """The reading of one kind of activity. `members`: the names of the members that only this kind reads."""

    drafts: Sequence[Draft]
    ignored: Sequence[Note]
    begins: Begins
    members: Sequence[str] = ()


def _ignored(code: ActivityCode, path: str, reason: str) -> _Read:
    return _Read([], [Note(code, path, reason)], "never")


def _message(activity: Activity) -> _Read:
    data = activity.channel_data
    from_bot = activity.role == "bot"
    command = data.command if from_bot else None
    if data.tags.is_command and not from_bot:
        reason = f"holds a command, but the sender is a {activity.role}: only a bot's commands are followed"
        activity.note("command_of_a_customer", f"{data.name}.tags", reason)
    if command and command.type == "Escalate":
        # The text of an escalation is the summary for the agent, bridged or not; the customer never sees it.
        draft = handed_over(activity, command.context, command.place, activity.text())
        return _Read([draft], [], begins_with(draft), PRESENTATION)
    text = activity.text()
    if from_bot and text and _NO_ESCALATION.search(text[:1000]):
        reason = "says that escalation is not configured: the bot hands nothing over, and nobody is told"
        activity.note("fake_hand_off", "text", reason)
    line = line_of(activity)
    if not ({"text", "value"} & line.data.keys() or line.data["attachments"] or command):
        return _ignored("empty_message", "text", "the message holds neither text nor attachments nor a value")
    if command:
        return _Read([line, end_of(activity)], [], "never", PRESENTATION)
    return _Read([line], [], _begins_with_line(activity), PRESENTATION)


def _invoke(activity: Activity) -> _Read:
    """A button or a form of a card: what the customer chose. Others ask the bot for something, and say nothing."""
    name = activity.text("name") or ""
    if is_sign_in(name):
        return _without_event(name)
    line = line_of(activity, {"name": name} if name else {})
    if name.casefold().endswith(_ASKING) or "value" not in line.data:
        return _ignored("invoke_without_meaning", "name", f"invokes named {name[:80]!r} say nothing here")
    return _Read([line], [], _begins_with_line(activity), ("name", *PRESENTATION))


def _begins_with_line(activity: Activity) -> Begins:
    return "always" if activity.role == "customer" else "ifFirst"


def _conversation_update(activity: Activity) -> _Read:
    if activity.joined is not None:
        return _Read([], [], "always", ["membersAdded"])
    if "vnd.microsoft.msdyn.oc.data" in activity.channel_data.members:
        return _hub_context(activity, activity.channel_data.name)
    if activity.native.get("membersAdded"):
        reason = "adds no customer: nothing begins until one joins or somebody writes"
        return _ignored("only_bot_added", "membersAdded", reason)
    reason = "a conversationUpdate that adds no member changes nothing here"
    return _ignored("no_member_added", "membersAdded", reason)


def _event(activity: Activity) -> _Read:
    name = activity.text("name")
    if name is None:
        return _ignored("event_without_name", "name", "the event has no name (Bot Framework rule A5001)")
    folded = name.casefold()
    if folded in _HUB_CONTEXT:
        return _hub_context(activity, "value")
    # Hubs' own connectors name theirs after the hub: GenesysHandoff.
    if folded == "handoff.initiate" or folded.endswith("handoff"):
        return _hand_off(activity)
    if _is_almost_a_hand_off(name):
        return _almost_handed_over(activity, "name", name)
    return _without_event(name)


def _without_event(name: str) -> _Read:
    """The reason why an activity of this name has no event."""
    if name.casefold() == "handoff.status":
        return _ignored("hand_off_status", "name", "a hub tells a bot how its hand-off goes; nothing changes here")
    if is_sign_in(name):
        return _ignored("sign_in", "value", "belongs to a sign-in of the customer, so it is left out")
    return _ignored("event_without_meaning", "name", f"events named {name[:80]!r} have no meaning here")


def _is_almost_a_hand_off(name: str) -> bool:
    letters = _NO_LETTER.sub("", name[:80].casefold())
    # A command in tags is called Escalate.
    return letters in ("escalate", "handoffinitiate") or typo_between(letters, "handoffinitiate") is not None


def _almost_handed_over(activity: Activity, member: str, name: str) -> _Read:
    """A line for the agent that has what the bot wanted to hand over: nobody is asked to take the conversation."""
    reason = f"is {name[:80]!r}, so nothing is handed over, and the agent alone sees it; did you mean handoff.initiate?"
    activity.note("name_near_miss", member, reason)
    line = line_of(activity, {"name": name}, for_the_agent=True)
    return _Read([line], [], _begins_with_line(activity), ("name", *PRESENTATION))


def _hand_off(activity: Activity) -> _Read:
    if activity.role == "customer" and activity.says_its_role:
        return _ignored("hand_off_of_a_customer", "from.role", "only a bot hands a conversation over")
    draft = handed_over_with_value(activity)
    return _Read([draft], [], begins_with(draft), ["name", "value", "locale", "replyToId"])


def _hub_context(activity: Activity, member: str) -> _Read:
    """Omnichannel tells a bot about a conversation. Some samples lack the conversation's id."""
    has_id = isinstance(activity.native.get("conversation"), dict)
    begun = "a conversation begins" if has_id else "nothing begins without conversation.id"
    note = Note("hub_context", member, f"is what a hub tells its bot: {begun}, and no context variable is set")
    return _Read([], [note], "always" if has_id else "never", ["name", "value", "text", "textFormat", "replyToId"])


def _end_of_conversation(activity: Activity) -> _Read:
    return _Read([end_of(activity)], [], "never", ["code", "value"])


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
    kind = str(activity.native["type"])
    reason = f"activities of type {kind[:80]!r} have no meaning here"
    if kind.casefold() not in _SILENT and (activity.native.get("text") or activity.native.get("attachments")):
        return _ignored("activity_not_understood", "type", f"{reason}, and what this one says is nowhere")
    return _ignored("activity_without_meaning", "type", reason)


_READERS: dict[str, Callable[[Activity], _Read]] = {
    "message": _message,
    "conversationUpdate": _conversation_update,
    "event": _event,
    "handoff": _hand_off,
    "invoke": _invoke,
    "endOfConversation": _end_of_conversation,
    "trace": _trace,
    "messageUpdate": lambda activity: _changed(update_of(activity)),
    "messageDelete": lambda activity: _changed(deletion_of(activity)),
    "messageReaction": lambda activity: _changed(reaction_of(activity)),
}
_BY_FOLDED = {name.casefold(): name for name in _READERS}


def _reader(activity: Activity, kind: str) -> Callable[[Activity], _Read]:
    """The reader of activities of this type. Near misses are noted; read are those in case, and of messages."""
    if kind in _READERS:
        return _READERS[kind]
    meant = _BY_FOLDED.get(kind.strip().casefold())
    if meant is not None:
        activity.note("type_near_miss", "type", f"is {kind[:80]!r}, and is read as {meant!r}")
        return _READERS[meant]
    near = next((name for name in _READERS if typo_between(kind.strip()[:80], name)), None)
    if near == "message":
        # What somebody said is no less said.
        activity.note("type_near_miss", "type", f"is {kind[:80]!r}, and is read as 'message'")
        return _message
    if near == "handoff":
        return lambda almost: _almost_handed_over(almost, "type", kind)
    if near is not None:
        reason = f"is {kind[:80]!r}, so the activity is ignored; did you mean {near!r}?"
        return lambda _: _ignored("type_near_miss", "type", reason)
    return _unknown


def _note_members(activity: Activity, members: Sequence[str]) -> None:
    """Note the members that are part of no event. Unknown members are accepted, and left out."""
    read = {*_READ, *_TRANSPORT, "channelData", "channeldata", *members}
    left_out = sorted(name for name, value in activity.native.items() if name not in read and value)
    if left_out:
        activity.note("members_not_kept", "", f"leaves out {', '.join(name[:40] for name in left_out[:10])}")
