"""Hand-offs of bots: `handoff.initiate`, Copilot Studio's variables, and the history that is handed over.

A bot hands over with Omnichannel's `Escalate`, with an event, or with an activity of type `handoff`; all give the same
event. Copilot Studio's `CloseOmnichannelConversation` turns it into an end (domain: generic hand-off).
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.history import history_of, transcripts
from shared.dialects.bot_framework.omnichannel import object_in
from shared.dialects.bot_framework.sign_in import without_tokens
from shared.dialects.notes import within
from shared.dialects.reading import Draft
from shared.events.conversation_event import Begins
from shared.near_miss import typo_between
from shared.routing.context_variable import MAX_VARIABLES

_SPELLINGS = {"va_LastPhrase": "va_LastPhrases", "va_LastPhrases": "va_LastPhrase"}
"""Copilot Studio documents one of these names, and sends the other."""
_CLOSING = "closeomnichannelconversation"
_MEMBERS = ("MessageToAgent", "Context", "CloseOmnichannelConversation", "va_AgentMessage")
"""Members of a hand-off's value that have a meaning of their own."""
_CONTEXTS = ("contextvariable", "contextvariables", "variables", "contexts")
"""What senders call the object of context variables, instead of `Context`."""
_VOICE = "telephony"
"""Voice ignores `CloseOmnichannelConversation`."""


def handed_over(
    activity: Activity, context: dict[str, Any], place: str, summary: str | None, beside: Sequence[str] = ()
) -> Draft:
    """The draft of a bot's hand-off with these context variables: an escalation, or an end.

    `place` is the path of the variables. Only those named in `beside` stand in `value` instead.
    """
    closing = next((name for name in context if name.casefold() == _CLOSING), None)
    places = {"contextVariables": place, "botId": "from.id"}
    places |= {f"contextVariables.{name}": within("value", name) for name in beside}
    for name, other in _SPELLINGS.items():
        if name in context and other not in context:
            # Rules may use either name.
            context = {**context, other: context[name]}
            places[f"contextVariables.{other}"] = places.get(f"contextVariables.{name}", within(place, name))
    attached = transcripts(activity)
    data: dict[str, Any] = {
        "botId": activity.bot_id,
        "contextVariables": without_tokens(context, place, activity.note),
        "transcript": history_of(activity, attached, summary),
        "attachments": activity.attachments_without({each.attachment for each in attached}),
        **({"summary": summary} if summary else {}),
    }
    if closing is None or str(context[closing]).casefold() != "true" or activity.text("channelId") == _VOICE:
        return Draft(activity.event_id("escalate"), "bot.escalated", data, places)
    reason = "asks to close the conversation, so the hand-off is the bot's end of it, and no escalation"
    at = places.get(f"contextVariables.{closing}", within(place, closing))
    activity.note("closing_hand_off", at, reason)
    ended = {"endedBy": "bot", "reason": "resolved", **data}
    return Draft(activity.event_id("end"), "conversation.ended", ended, places)


def begins_with(hand_off: Draft) -> Begins:
    """When a hand-off begins a conversation: an escalation always, an end if its history has what a customer said."""
    said = any(line["author"]["role"] == "customer" for line in hand_off.data["transcript"])
    return "always" if said or "endedBy" not in hand_off.data else "never"


def handed_over_with_value(activity: Activity) -> Draft:
    """The draft of an activity of type `handoff`, or of a hand-off event. `value` has variables, or is the summary."""
    value = activity.native.get("value")
    if isinstance(value, str):
        written = object_in(value)
        if written is None:
            return handed_over(activity, {}, "value", value or None)
        activity.note("context_is_text", "value", "is an object as JSON text, and is read as that object")
        value = written
    if value is not None and not isinstance(value, dict):
        activity.note("context_unreadable", "value", "is neither an object nor text, so no variable is set")
    members = value if isinstance(value, dict) else {}
    message, inner = (_member(members, name) for name in ("MessageToAgent", "Context"))
    _note_near_members(activity, members)
    summaries = [members[name] for name in (message, "va_AgentMessage") if name in members]
    summary = next((text for text in summaries if isinstance(text, str) and text), None)
    beside = {name: item for name, item in members.items() if name not in (message, inner)}
    if inner is None:
        return handed_over(activity, beside, "value", summary)
    place, wrapped = within("value", inner), members[inner]
    if isinstance(wrapped, str) and (written := object_in(wrapped)) is not None:
        activity.note("context_is_text", place, "is an object as JSON text, and is read as that object")
        wrapped = written
    if isinstance(wrapped, dict):
        others = [name for name in beside if name not in wrapped]
        return handed_over(activity, {**beside, **wrapped}, place, summary, others)
    if wrapped is not None:
        activity.note("context_unreadable", place, "is no object of names and values, so no variable is set")
    return handed_over(activity, beside, "value", summary)


def _note_near_members(activity: Activity, members: dict[str, Any]) -> None:
    """Note the names of variables that are nearly, but not quite, those of members with a meaning of their own."""
    for name, value in islice(members.items(), MAX_VARIABLES):
        near = [known for known in _MEMBERS if typo_between(name.strip()[:80], known)]
        near += ["Context"] if isinstance(value, dict) and name.strip().casefold() in _CONTEXTS else []
        if near and name.casefold() != near[0].casefold():
            reason = f"is taken for a variable; did you mean {near[0]}?"
            activity.note("member_near_miss", within("value", name[:80]), reason)


def _member(document: dict[str, Any], name: str) -> str | None:
    """The object's own spelling of a member's name, compared without case: some serializers write camelCase."""
    return next((member for member in document if member.casefold() == name.casefold()), None)
