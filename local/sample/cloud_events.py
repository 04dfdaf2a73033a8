"""The steps of a story as CloudEvents."""

from typing import Any

from local.sample.cast import AGENTS, ZONES
from local.sample.chat import Chat, Step
from local.sample.telegram import chat_id
from local.sample.texts import SUMMARY

Document = dict[str, Any]


def event(chat: Chat, number: int) -> Document:
    """The step as a CloudEvent, its time in milliseconds with the tenant's own offset.

    An app's events name the conversation, those of a Telegram channel only the thread.
    """
    step = chat.steps[number]
    time = step.moment.astimezone(ZONES[chat.tenant]).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind, data = _meaning(chat, number, step)
    document = {
        "specversion": "1.0",
        "id": _id(chat, number),
        "source": f"https://app.{chat.tenant}.example/chats",
        "type": kind,
        "time": time,
        "tenantid": chat.tenant,
        "datacontenttype": "application/json",
    }
    if chat.dialect == "telegram":
        return {**document, "data": {**data, "channel": {**_channel(chat), "threadId": str(chat_id(chat))}}}
    return {**document, "subject": f"{chat.tenant}:{chat.native_id[:16]}@{chat.part.channel}", "data": data}


def _meaning(chat: Chat, number: int, step: Step) -> tuple[str, Document]:
    match step.what:
        case "start":
            return "conversation.started", _started(chat)
        case "escalate" | "refer":
            data = {"botId": chat.bot(step)[0], "reason": "customer_asked", "summary": SUMMARY}
            return "bot.escalated", {**data, "contextVariables": chat.handoff(step)}
        case "end":
            ended_by = "bot" if step.who == "expert" else step.who
            return "conversation.ended", {"endedBy": ended_by, "reason": "resolved"}
        case "edit" | "removal":
            now: Document = {"removed": True} if step.what == "removal" else {"text": chat.text(number)}
            line = _id(chat, chat.line_changed(number))
            return "message.changed", {"messageId": line, "author": _author(chat, step), "sequence": number, **now}
    private = {"visibility": "private"} if step.who == "assistant" else {}
    return "message.posted", {"author": _author(chat, step), "text": chat.text(number), "sequence": number, **private}


def _id(chat: Chat, number: int) -> str:
    """The id of the step's event."""
    return f"{chat.native_id}/{number}"


def _channel(chat: Chat) -> Document:
    return {"accountId": chat.part.account, "channelId": chat.part.channel}


def _started(chat: Chat) -> Document:
    part = chat.part
    customer = {"id": chat.customer_id, "name": chat.customer, "locale": chat.texts[0]}
    data: Document = {"channel": _channel(chat), "customer": customer}
    if part.work_stream:
        data["workStreamId"] = part.work_stream
    return {**data, "contextVariables": part.variables} if part.variables else data


def _author(chat: Chat, step: Step) -> Document:
    match step.who:
        case "customer":
            return {"role": "customer", "id": chat.customer_id, "name": chat.customer}
        case "agent":
            agent_id, name = AGENTS[chat.tenant]
            return {"role": "agent", "id": agent_id, "name": name}
        case "system":
            return {"role": "system", "id": "system"}
    bot_id, _, name = chat.bot(step)
    advises = {"smartAssist": True} if step.who == "assistant" else {}
    return {"role": "bot", "id": bot_id, "name": name, **advises}
