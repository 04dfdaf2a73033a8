"""The steps of a conversation as channels put them on the wire: Bot Framework activities and CloudEvents."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from local.sample.chat import Chat, Step
from local.sample.texts import AGENTS, BOTS, SUMMARY

Document = dict[str, Any]

_ZONES = {"contoso": ZoneInfo("UTC"), "fabrikam": ZoneInfo("Europe/Berlin")}


def activity(chat: Chat, number: int, step: Step) -> Document:
    """The step as a Bot Framework activity, its timestamp with seven digits."""
    user = {"id": chat.customer_id, "name": chat.customer, "role": "user"}
    _, app_id, name = BOTS[chat.tenant, step.who if step.who == "expert" else "bot"]
    bot = {"id": f"28:{app_id}", "name": name, "role": "bot"}
    by_customer = step.who == "customer"
    return {
        "id": f"{chat.native_id}-eu|{number:07}",
        "timestamp": f"{step.moment.replace(tzinfo=None).isoformat(timespec='microseconds')}{number % 10}Z",
        "channelId": "directline",
        "serviceUrl": "https://directline.example/",
        "conversation": {"id": f"{chat.native_id}-eu"},
        "from": user if by_customer else bot,
        "recipient": bot if by_customer else user,
        "locale": chat.texts[0],
        **_content(chat, step, user),
    }


def _content(chat: Chat, step: Step, user: Document) -> Document:
    match step.what:
        case "start":
            return {"type": "conversationUpdate", "membersAdded": [user]}
        case "typing" | "messageReaction":
            return {"type": step.what}
        case "webchat/join":
            return {"type": "event", "name": step.what, "value": {"language": chat.texts[0]}}
        case "escalate" | "refer":
            return _handoff(chat, step)
        case "end":
            return _ending(chat, step)
    message = {"type": "message", "text": chat.text(step), "textFormat": "plain"}
    return message if step.who == "customer" else {**message, "channelData": {"deliveryMode": "bridged"}}


def _handoff(chat: Chat, step: Step) -> Document:
    """An escalation in either of the two ways that bots know."""
    if chat.number % 2:
        value = {"MessageToAgent": SUMMARY, "Context": chat.handoff(step)}
        return {"type": "event", "name": "handoff.initiate", "value": value}
    return _command("Escalate", SUMMARY, chat.handoff(step))


def _ending(chat: Chat, step: Step) -> Document:
    if step.who != "customer" and chat.number % 3 == 0:
        return _command("EndConversation", "End of conversation", {})
    code = "userCancelled" if step.who == "customer" else "completedSuccessfully"
    return {"type": "endOfConversation", "code": code}


def _command(kind: str, text: str, context: Mapping[str, str | int]) -> Document:
    """A bot's message whose tags hold a command, as JSON inside the JSON."""
    tags = json.dumps({"type": kind, "context": context}, separators=(",", ":"))
    return {"type": "message", "text": text, "channelData": {"deliveryMode": "bridged", "tags": tags}}


def event(chat: Chat, number: int) -> Document:
    """The step as a CloudEvent, its time in milliseconds with the tenant's own offset."""
    step = chat.steps[number]
    time = step.moment.astimezone(_ZONES[chat.tenant]).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind, data = _meaning(chat, number, step)
    return {
        "specversion": "1.0",
        "id": f"{chat.native_id}/{number}",
        "source": f"https://app.{chat.tenant}.example/chats",
        "type": kind,
        "subject": f"{chat.tenant}:{chat.native_id[:16]}@{chat.part.channel}",
        "time": time,
        "tenantid": chat.tenant,
        "datacontenttype": "application/json",
        "data": data,
    }


def _meaning(chat: Chat, number: int, step: Step) -> tuple[str, Document]:
    match step.what:
        case "start":
            return "conversation.started", _started(chat)
        case "escalate" | "refer":
            bot_id = BOTS[chat.tenant, step.who][0]
            data = {"botId": bot_id, "reason": "customer_asked", "summary": SUMMARY}
            return "bot.escalated", {**data, "contextVariables": chat.handoff(step)}
        case "end":
            ended_by = "bot" if step.who == "expert" else step.who
            return "conversation.ended", {"endedBy": ended_by, "reason": "resolved"}
    private = {"visibility": "private"} if step.who == "assistant" else {}
    return "message.posted", {"author": _author(chat, step.who), "text": chat.text(step), "sequence": number, **private}


def _started(chat: Chat) -> Document:
    part = chat.part
    data: Document = {
        "channel": {"accountId": part.account, "channelId": part.channel},
        "customer": {"id": chat.customer_id, "name": chat.customer, "locale": chat.texts[0]},
    }
    if part.work_stream:
        data["workStreamId"] = part.work_stream
    return {**data, "contextVariables": part.variables} if part.variables else data


def _author(chat: Chat, who: str) -> Document:
    match who:
        case "customer":
            return {"role": "customer", "id": chat.customer_id, "name": chat.customer}
        case "agent":
            agent_id, name = AGENTS[chat.tenant]
            return {"role": "agent", "id": agent_id, "name": name}
        case "system":
            return {"role": "system", "id": "system"}
        case "assistant":
            return {"role": "bot", "id": f"{chat.tenant}-assistant", "name": "Assistant", "smartAssist": True}
    bot_id, _, name = BOTS[chat.tenant, who]
    return {"role": "bot", "id": bot_id, "name": name}
