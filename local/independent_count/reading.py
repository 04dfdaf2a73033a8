"""Reads the posts of the sample month as what they tell of. It shares no code with the pipeline."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.independent_count.occurrence import Kind, Occurrence
from local.sample.post import JSON, Post

_KINDS: dict[str, Kind] = {
    "conversation.started": "start",
    "message.posted": "line",
    "bot.escalated": "escalation",
    "conversation.ended": "end",
    "message.changed": "change",
}


@dataclass(frozen=True)
class Occurrences:
    """The occurrences to record, and the (tenant, reason, content) of those that can only be parked, each once."""

    recorded: tuple[Occurrence, ...]
    parked: frozenset[tuple[str, str, str]]


def occurrences(posts: Iterable[Post], configurations: Mapping[str, dict[str, Any]]) -> Occurrences:
    """The occurrences in the posts. What is older than its tenant's retention comes too late.

    Of two occurrences with one id the first that was posted is recorded; the other is a repetition, or a conflict.
    """
    retention = {tenant: timedelta(days=each["retentionDays"]) for tenant, each in configurations.items()}
    assistants = {
        f"28:{bot['appId']}" for each in configurations.values() for bot in each["bots"] if "smartAssist" in bot
    }
    first: dict[tuple[str, str, str], Occurrence] = {}
    parked: set[tuple[str, str, str]] = set()
    for post in sorted(posts, key=lambda post: post.at):
        if post.tenant not in retention or (post.refused and not post.body.startswith(b"[")):
            continue
        for occurrence in (replace(each, posted=post.at) for each in _in_post(post, assistants)):
            name = occurrence.tenant, occurrence.thread, occurrence.id
            if occurrence.at < post.at - retention[post.tenant]:
                parked.add((post.tenant, "too_late", occurrence.raw))
            elif first.setdefault(name, occurrence).raw != occurrence.raw:
                parked.add((post.tenant, "event_id_conflict", occurrence.raw))
    return Occurrences(tuple(first.values()), frozenset(parked))


def _in_post(post: Post, assistants: Collection[str]) -> Iterator[Occurrence]:
    document = json.loads(post.body)
    account, channel = post.path.split("/")[5:7] if "/channels/" in post.path else ("", "")
    if post.content_type != JSON:
        events = document if isinstance(document, list) else [document]
        yield from (_event(event) for event in events if event["type"] in _KINDS)
    elif "update_id" in document:
        yield _update(document, post, (account, channel))
    else:
        yield from _activity(document, post.tenant, (account, channel), assistants)


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
        line=event["id"],
        changes=data.get("messageId", ""),
    )


def _update(update: dict[str, Any], post: Post, place: tuple[str, str]) -> Occurrence:
    """The line, or the change of one, in an update. A pressed button says what stands on it, when the post is made."""
    query = update.get("callback_query", {})
    message = update.get("message") or update.get("edited_message") or query["message"]
    edited = "edited_message" in update
    at = datetime.fromtimestamp(message.get("edit_date", message["date"]), UTC)
    buttons = {one["callback_data"]: one["text"] for one in query and message["reply_markup"]["inline_keyboard"][0]}
    return Occurrence(
        tenant=post.tenant,
        thread=str(message["chat"]["id"]),
        threaded=True,
        place=place,
        id=f"update {update['update_id']}",
        at=post.at if query else at,
        kind="change" if edited else "line",
        who="customer",
        raw=json.dumps(update),
        text=buttons[query["data"]] if query else message["text"],
        locale=(query or message)["from"]["language_code"],
        line="" if query else str(message["message_id"]),
        changes=str(message["message_id"]) if edited else "",
    )


def _activity(
    activity: dict[str, Any], tenant: str, place: tuple[str, str], assistants: Collection[str]
) -> Iterator[Occurrence]:
    """The occurrences in an activity: none, one, or a line and an end."""
    from_bot, data = activity["from"]["role"] == "bot", activity.get("channelData", {})
    tags = data.get("tags", "")
    advises = tags == "smartbot" or activity["from"]["id"] in assistants
    occurrence = Occurrence(
        tenant=tenant,
        thread=activity["conversation"]["id"],
        threaded=True,
        place=place,
        id=activity["id"],
        at=datetime.fromisoformat(activity["timestamp"]),
        kind="line",
        who="customer" if not from_bot else "assistant" if advises else "bot",
        raw=json.dumps(activity),
        text=_said(activity),
        locale=activity.get("locale"),
        public=not from_bot or (data.get("deliveryMode") == "bridged" and not advises),
        line=activity["id"],
    )
    command = json.loads(tags) if tags.startswith("{") else {}
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
        case ("message", _) | ("invoke", "adaptiveCard/action"):
            yield occurrence
        case ("messageUpdate" | "messageDelete") as kind, _:
            own_id = f"{occurrence.id} {kind} {activity['timestamp']}"
            yield replace(occurrence, id=own_id, kind="change", line="", changes=activity["id"])
        case "endOfConversation", _:
            resolved = activity["code"] == "completedSuccessfully"
            yield replace(occurrence, kind="end", reason="resolved" if resolved else "abandoned")


def _said(activity: dict[str, Any]) -> str | None:
    """What an activity says: in words, by its buttons, or by the fields or the button of a card that was sent back."""
    match activity:
        case {"text": str(text)}:
            return text
        case {"suggestedActions": {"actions": actions}}:
            return " ".join(f"[{action['title']}]" for action in actions)
        case {"value": {"action": {"title": str(title)}}}:
            return title
        case {"type": "message", "value": fields}:
            return ", ".join(f"{name}: {value}" for name, value in fields.items())
    return None
