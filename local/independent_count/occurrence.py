"""The content of the sample month's posts as plain records. It shares no code with the pipeline."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from local.sample.post import JSON, Post

Kind = Literal["start", "line", "escalation", "end"]
_KINDS: dict[str, Kind] = {
    "conversation.started": "start",
    "message.posted": "line",
    "bot.escalated": "escalation",
    "conversation.ended": "end",
}


@dataclass(frozen=True)
class Occurrence:
    """A start, a line, an escalation or an end, as a post reports it.

    `thread` is the channel's endless chat if `threaded`, else one conversation. `place` is (account, channel), empty if
    the post names none. `who`: customer, bot, assistant (a bot that only the agent hears), agent or system. `posted`:
    when it arrived. `public`: the customer sees it.
    """

    tenant: str
    thread: str
    threaded: bool
    place: tuple[str, ...]
    id: str
    at: datetime
    kind: Kind
    who: str
    raw: str
    text: str | None = None
    topic: str | None = None
    work_stream: str | None = None
    locale: str | None = None
    reason: str | None = None
    posted: datetime | None = None
    public: bool = True

    @property
    def known(self) -> datetime:
        """When it is known: at its time, or when it arrived."""
        return max(self.at, self.posted or self.at)


@dataclass(frozen=True)
class Occurrences:
    """The occurrences to record, and the (tenant, reason, content) of those that can only be parked, each once."""

    recorded: tuple[Occurrence, ...]
    parked: frozenset[tuple[str, str, str]]


def occurrences(posts: Iterable[Post], retention: dict[str, timedelta]) -> Occurrences:
    """The occurrences in the posts. What is older than its tenant's `retention` comes too late.

    Of two occurrences with one id the first that was posted is recorded; the other is a repetition, or a conflict.
    """
    first: dict[tuple[str, str, str], Occurrence] = {}
    parked: set[tuple[str, str, str]] = set()
    for post in sorted(posts, key=lambda post: post.at):
        if post.tenant not in retention or (post.refused and not post.body.startswith(b"[")):
            continue
        for occurrence in (replace(each, posted=post.at) for each in _in_post(post)):
            name = occurrence.tenant, occurrence.thread, occurrence.id
            if occurrence.at < post.at - retention[post.tenant]:
                parked.add((post.tenant, "too_late", occurrence.raw))
            elif first.setdefault(name, occurrence).raw != occurrence.raw:
                parked.add((post.tenant, "event_id_conflict", occurrence.raw))
    return Occurrences(tuple(first.values()), frozenset(parked))


def _in_post(post: Post) -> Iterator[Occurrence]:
    document = json.loads(post.body)
    account, channel = post.path.split("/")[5:7] if "/channels/" in post.path else ("", "")
    if post.content_type != JSON:
        events = document if isinstance(document, list) else [document]
        yield from (_event(event) for event in events if event["type"] in _KINDS)
    elif "update_id" in document:
        yield _update(document, post.tenant, (account, channel))
    else:
        yield from _activity(document, post.tenant, (account, channel))


def _event(event: dict[str, Any]) -> Occurrence:
    data = event["data"]
    channel = data.get("channel", {})
    author = data.get("author", {})
    return Occurrence(
        tenant=event["tenantid"],
        thread=event.get("subject") or channel["threadId"],
        threaded="subject" not in event,
        place=(channel["accountId"], channel["channelId"]) if channel else (),
        id=event["id"],
        at=datetime.fromisoformat(event["time"]),
        kind=_KINDS[event["type"]],
        who="assistant" if author.get("smartAssist") else author.get("role", "bot"),
        raw=json.dumps(event),
        text=data.get("text") or data.get("summary"),
        topic=data.get("contextVariables", {}).get("BotHandoffTopic"),
        work_stream=data.get("workStreamId"),
        locale=data.get("customer", {}).get("locale"),
        reason=data.get("reason"),
        public=data.get("visibility") != "private",
    )


def _update(update: dict[str, Any], tenant: str, place: tuple[str, str]) -> Occurrence:
    message = update["message"]
    return Occurrence(
        tenant=tenant,
        thread=str(message["chat"]["id"]),
        threaded=True,
        place=place,
        id=f"update {update['update_id']}",
        at=datetime.fromtimestamp(message["date"], UTC),
        kind="line",
        who="customer",
        raw=json.dumps(update),
        text=message["text"],
        locale=message["from"]["language_code"],
    )


def _activity(activity: dict[str, Any], tenant: str, place: tuple[str, str]) -> Iterator[Occurrence]:
    """The occurrences in an activity: none, one, or a line and an end."""
    occurrence = Occurrence(
        tenant=tenant,
        thread=activity["conversation"]["id"],
        threaded=True,
        place=place,
        id=activity["id"],
        at=datetime.fromisoformat(activity["timestamp"]),
        kind="line",
        who="bot" if activity["from"]["role"] == "bot" else "customer",
        raw=json.dumps(activity),
        text=activity.get("text"),
        locale=activity.get("locale"),
        public=activity["from"]["role"] != "bot" or activity.get("channelData", {}).get("deliveryMode") == "bridged",
    )
    command = json.loads(activity.get("channelData", {}).get("tags", "{}"))
    match activity["type"], command.get("type") or activity.get("name"):
        case "conversationUpdate", _:
            yield replace(occurrence, kind="start")
        case "message", "Escalate":
            yield replace(occurrence, kind="escalation", topic=command["context"].get("BotHandoffTopic"))
        case "event", "handoff.initiate":
            value = activity["value"]
            topic = value["Context"].get("BotHandoffTopic")
            yield replace(occurrence, kind="escalation", topic=topic, text=value["MessageToAgent"])
        case "message", "EndConversation":
            yield occurrence
            yield replace(occurrence, id=f"{occurrence.id} ends", kind="end", reason="resolved")
        case "message", _:
            yield occurrence
        case "endOfConversation", _:
            resolved = activity["code"] == "completedSuccessfully"
            yield replace(occurrence, kind="end", reason="resolved" if resolved else "abandoned")
