"""The steps of a story as Bot Framework activities."""

import json
from collections.abc import Mapping
from typing import Any

from local.sample.chat import Chat, Step
from local.sample.texts import SUMMARY

Document = dict[str, Any]


def activity(chat: Chat, number: int) -> Document:
    """The step as a Bot Framework activity, its timestamp with seven digits."""
    step = chat.steps[number]
    user = {"id": chat.customer_id, "name": chat.customer, "role": "user"}
    _, app_id, name = chat.bot(step)
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
    """An escalation in one of the two ways that bots use."""
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
