"""Hand-offs of bots: `handoff.initiate`, Copilot Studio's variables, and the history that is handed over.

A bot hands over with Omnichannel's `Escalate`, with an event, or with an activity of type `handoff`; all give the same
event. Copilot Studio's `CloseOmnichannelConversation` turns it into an end (domain: generic hand-off).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.notes import Note, within
from shared.dialects.reading import Draft
from shared.errors import InvalidActivity
from shared.near_miss import typo_between

_SPELLINGS = {"va_LastPhrase": "va_LastPhrases", "va_LastPhrases": "va_LastPhrase"}
"""Copilot Studio documents one of these names, and sends the other."""
_CLOSING = "closeomnichannelconversation"
_VOICE = "telephony"
"""Voice ignores `CloseOmnichannelConversation`."""
_NUMBERED = re.compile(r"(.+)\|(\d{1,18})", re.DOTALL)
"""Direct Line numbers the activities of a conversation: `91hc…|0000005`."""


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
    data: dict[str, Any] = {"contextVariables": context, "transcript": _history(activity)}
    if closing is not None and str(context[closing]).casefold() == "true" and activity.text("channelId") != _VOICE:
        reason = "asks to close the conversation, so the hand-off is the bot's end of it, and no escalation"
        at = places.get(f"contextVariables.{closing}", within(place, closing))
        activity.note("closing_hand_off", at, reason)
        note = {"note": summary} if summary else {}
        return Draft(
            activity.event_id("end"),
            "conversation.ended",
            {"endedBy": "bot", "reason": "resolved", **note, **data},
            places,
        )
    transcripts = {path for path, _, _ in _transcripts(activity)}
    kept = zip(activity.native_attachments, activity.attachments, strict=True)
    data["attachments"] = [one for (path, _), one in kept if path not in transcripts]
    if summary:
        data["summary"] = summary
    return Draft(activity.event_id("escalate"), "bot.escalated", {"botId": activity.bot_id, **data}, places)


def handed_over_with_value(activity: Activity) -> Draft:
    """The draft of an activity of type `handoff`, or of a hand-off event. `value` has variables, or is the summary."""
    value = activity.native.get("value")
    if isinstance(value, str):
        return handed_over(activity, {}, "value", value or None)
    if value is not None and not isinstance(value, dict):
        activity.note("context_unreadable", "value", "is neither an object nor text, so no variable is set")
    members = value if isinstance(value, dict) else {}
    message, inner = (_member(members, name) for name in ("MessageToAgent", "Context"))
    summaries = [members[name] for name in (message, "va_AgentMessage") if name in members]
    summary = next((text for text in summaries if isinstance(text, str) and text), None)
    beside = {name: item for name, item in members.items() if name not in (message, inner)}
    if inner is None:
        return handed_over(activity, beside, "value", summary)
    place, wrapped = within("value", inner), members[inner]
    if isinstance(wrapped, dict):
        others = [name for name in beside if name not in wrapped]
        return handed_over(activity, {**beside, **wrapped}, place, summary, others)
    if wrapped is not None:
        activity.note("context_unreadable", place, "is no object of names and values, so no variable is set")
    return handed_over(activity, beside, "value", summary)


def _member(document: dict[str, Any], name: str) -> str | None:
    """The object's own spelling of a member's name, compared without case: some serializers write camelCase."""
    return next((member for member in document if member.casefold() == name.casefold()), None)


def _transcripts(activity: Activity) -> Iterator[tuple[str, str, list[Any]]]:
    """Each attachment that is a transcript: its path, the path of its activities, and the activities."""
    for path, attachment in activity.native_attachments:
        content, named = (
            attachment.get("content"),
            typo_between(str(attachment.get("name"))[:80], "Transcript") is not None,
        )
        activities = content.get("activities") if isinstance(content, dict) else None
        if isinstance(activities, list):
            yield path, f"{path}.content.activities", activities
        elif isinstance(content, list) and named:
            yield path, f"{path}.content", content
        elif attachment.get("contentUrl") and named:
            reason = "links the history, which is not fetched: agents see the link, and no lines"
            activity.note("linked_transcript", f"{path}.contentUrl", reason)


def _history(activity: Activity) -> list[dict[str, Any]]:
    """The messages inside an attached transcript, as lines of the bot's history."""
    lines: list[dict[str, Any]] = []
    notes: list[Note] = []
    for _, inside, activities in _transcripts(activity):
        left_out = [n for n, one in enumerate(activities) if not isinstance(one, dict) or one.get("type") != "message"]
        if left_out:
            reason = f"{len(left_out)} of {len(activities)} activities are no messages, and make no line"
            activity.note("history_left_out", f"{inside}[{left_out[0]}]", reason)
        for n, document in enumerate(activities):
            if isinstance(document, dict) and document.get("type") == "message":
                line = Activity(document, activity.tenant)
                lines.append(_history_line(line))
                notes += [note.within(f"{inside}[{n}]") for note in line.notes]
    _note_once_each(activity, notes)
    _note_gap(activity, [line["id"] for line in lines if "id" in line])
    return lines


def _note_once_each(activity: Activity, notes: list[Note]) -> None:
    """Note each code once for all lines of the history, because a long history repeats it on every line."""
    counts = Counter(note.code for note in notes)
    for note in notes:
        if more := counts.pop(note.code, 0):
            others = f" (and the same for {more - 1} more lines)" if more > 1 else ""
            activity.keep(Note(note.code, note.path, note.reason + others))


def _note_gap(activity: Activity, line_ids: list[str]) -> None:
    own_id = _NUMBERED.fullmatch(activity.text("id") or "")
    if own_id is None:
        return
    earlier = [other for one in line_ids if (other := _NUMBERED.fullmatch(one)) and other[1] == own_id[1]]
    missing = int(own_id[2]) - max((int(other[2]) for other in earlier), default=int(own_id[2])) - 1
    if missing > 0:
        reason = f"{missing} activities before it are not in the history: lines among them must have been posted"
        activity.note("history_gap", "id", reason)


def _history_line(activity: Activity) -> dict[str, Any]:
    members = {"id": activity.text("id") and activity.event_id(), "text": activity.text(), "time": _time(activity)}
    line: dict[str, Any] = {name: value for name, value in members.items() if value is not None}
    from_bot = activity.role == "bot"
    # The text of an escalation is for the agent, bridged or not.
    private = (from_bot and _escalates(activity)) or activity.channel_data.is_private(from_bot=from_bot)
    visibility = "private" if private else "public"
    return {**line, "author": activity.author, "attachments": activity.attachments, "visibility": visibility}


def _time(activity: Activity) -> str | None:
    """The line's time; None if it is unusable. The escalation is not refused for the time of one line."""
    try:
        return activity.time
    except InvalidActivity as cause:
        activity.note("time_unreadable", "timestamp", f"{cause.mistakes[0].reason}, so the line has no time")
        return None


def _escalates(activity: Activity) -> bool:
    try:
        command = activity.channel_data.command
    except InvalidActivity as cause:
        activity.note("tags_unreadable", cause.mistakes[0].path, cause.mistakes[0].reason)
        return True
    return command is not None and command.type == "Escalate"
