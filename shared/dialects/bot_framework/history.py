"""The history that a bot hands over: attached transcripts, and their messages as lines."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.said import said, value_of
from shared.dialects.notes import Note
from shared.errors import InvalidActivity
from shared.near_miss import typo_between
from shared.strict_json import parse_json

_NUMBERED = re.compile(r"(.+)\|(\d{1,18})", re.DOTALL)
"""Direct Line numbers the activities of a conversation: `91hc…|0000005`."""
_LONGEST_TYPE = 256
"""Characters of a data URL before its comma."""


@dataclass(frozen=True)
class Transcript:
    """An attached transcript: the path of its attachment, the path of its activities, and the activities."""

    attachment: str
    path: str
    activities: list[Any]


def transcripts(activity: Activity) -> list[Transcript]:
    """The attachments that are transcripts. One that is called so, and cannot be read as one, is noted."""
    found = []
    for path, attachment in activity.native_attachments:
        named = typo_between(str(attachment.get("name"))[:80], "Transcript") is not None
        place, content = f"{path}.content", attachment.get("content")
        if content is None and named and attachment.get("contentUrl"):
            place, content = f"{path}.contentUrl", _in_data_url(attachment["contentUrl"])
            if content is None:
                reason = "links the history, which is not fetched: agents see the link, and no lines"
                activity.note("linked_transcript", place, reason)
                continue
        if transcript := _transcript(activity, path, place, content, named=named):
            found.append(transcript)
    return found


def _transcript(activity: Activity, attachment: str, place: str, content: Any, *, named: bool) -> Transcript | None:
    is_text = isinstance(content, str) and (named or '"activities"' in content[:1000])
    try:
        document = parse_json(content.encode(), InvalidActivity) if is_text else content
        if isinstance(document, dict):
            member = next((name for name in document if name.casefold() == "activities"), "activities")
            place, document = f"{place}.{member}", document.get(member)
            if isinstance(document, str):
                document = parse_json(document.encode(), InvalidActivity)
        elif not named:
            document = None
    except InvalidActivity as cause:
        document = None
        activity.note(
            "transcript_unreadable", place, f"{cause.mistakes[0].reason.removeprefix('the body ')}, so it gives no line"
        )
    else:
        if named and not isinstance(document, list):
            activity.note("transcript_unreadable", place, "is no list of activities, so it gives no line")
    return Transcript(attachment, place, document) if isinstance(document, list) else None


def history_of(activity: Activity, attached: Sequence[Transcript], summary: str | None) -> list[dict[str, Any]]:
    """The messages of the attached transcripts as lines of the bot's history. `summary`: what the bot tells the agent.

    A bot that never says `deliveryMode` talks to no hub: what it said the customer saw, but for the summary and what
    is labelled private or hidden.
    """
    read = list(_messages(activity, attached))
    bridging = any(line.role == "bot" and line.channel_data.delivery_mode is not None for _, line in read)
    lines, notes, sent = [], [], set[str]()
    for place, line in read:
        if line.client_id is None or line.client_id not in sent:
            lines.append(_line(line, summary, bridging=bridging))
        sent |= {line.client_id} if line.client_id else set()
        notes += [note.within(place) for note in line.notes]
    _note_once_each(activity, notes)
    _note_gap(activity, [line["id"] for line in lines if "id" in line])
    return lines


def _in_data_url(url: Any) -> str | None:
    """The text in a data URL (RFC 2397); None for any other URL, and for what is no text."""
    if not isinstance(url, str) or url[:5].casefold() != "data:":
        return None
    prefix, comma, _ = url[:_LONGEST_TYPE].partition(",")
    try:
        content = unquote_to_bytes(url[len(prefix) + 1 :]) if comma else b""
        decoded = base64.b64decode(content, validate=True) if prefix.casefold().endswith(";base64") else content
        return decoded.decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _messages(activity: Activity, attached: Sequence[Transcript]) -> Iterator[tuple[str, Activity]]:
    for transcript in attached:
        activities = transcript.activities
        messages = [(n, one) for n, one in enumerate(activities) if isinstance(one, dict) and _is_message(one)]
        if len(messages) < len(activities):
            first = next(n for n in range(len(activities)) if n >= len(messages) or messages[n][0] != n)
            left_out = f"{len(activities) - len(messages)} of {len(activities)} activities"
            reason = f"{left_out} are no messages, and make no line"
            activity.note("history_left_out", f"{transcript.path}[{first}]", reason)
        yield from ((f"{transcript.path}[{n}]", _message(one, activity)) for n, one in messages)


def _is_message(native: dict[str, Any]) -> bool:
    """True for a message, also where its type is almost that, or where a line has none."""
    kind = native.get("type")
    if kind is None:
        return isinstance(native.get("text"), str)
    return kind == "message" or (isinstance(kind, str) and typo_between(kind.strip()[:80], "message") is not None)


def _message(native: dict[str, Any], within: Activity) -> Activity:
    read, kind = Activity(native, within.tenant), native.get("type")
    if kind != "message":
        given = "missing" if kind is None else repr(str(kind)[:80])
        read.note("type_near_miss", "type", f"is {given}, and is read as 'message'")
    return read


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


def _line(activity: Activity, summary: str | None, *, bridging: bool) -> dict[str, Any]:
    members = {
        "id": activity.text("id") and activity.event_id(),
        "text": said(activity),
        "time": _time(activity),
        "value": value_of(activity),
    }
    line: dict[str, Any] = {name: value for name, value in members.items() if value is not None}
    from_bot, author = activity.role == "bot", activity.author
    # The text of an escalation is for the agent, bridged or not.
    for_the_agent = from_bot and (_escalates(activity) or (summary is not None and activity.text() == summary))
    private = for_the_agent or "smartAssist" in author
    private = private or activity.channel_data.is_private(from_bot=from_bot, bridging=bridging)
    visibility = "private" if private else "public"
    return {**line, "author": author, "attachments": activity.attachments, "visibility": visibility}


def _time(activity: Activity) -> str | None:
    """The line's time; None if it is unusable. The escalation is not refused for the time of one line."""
    try:
        return activity.time
    except InvalidActivity as cause:
        activity.note("time_unreadable", "timestamp", f"{cause.mistakes[0].reason}, so the line has no time")
        return None


def _escalates(activity: Activity) -> bool:
    command = activity.channel_data.command
    return command is not None and command.type == "Escalate"
