"""The steps of a story as Bot Framework activities."""

import json
from collections.abc import Mapping
from typing import Any

from local.sample.cast import DECLARED_ASSISTANTS
from local.sample.chat import Chat, Step
from local.sample.texts import BUTTONS, SUMMARY

Document = dict[str, Any]


def activity(chat: Chat, number: int) -> Document:
    """The step as a Bot Framework activity, its timestamp with seven digits."""
    step = chat.steps[number]
    user = {"id": chat.customer_id, "name": chat.customer, "role": "user"}
    _, app_id, name = chat.bot(step)
    bot = {"id": f"28:{app_id}", "name": name, "role": "bot"}
    by_customer = step.who == "customer"
    return {
        "id": _id(chat, number),
        "timestamp": f"{step.moment.replace(tzinfo=None).isoformat(timespec='microseconds')}{number % 10}Z",
        "channelId": "directline",
        "serviceUrl": "https://directline.example/",
        "conversation": {"id": f"{chat.native_id}-eu"},
        "from": user if by_customer else bot,
        "recipient": bot if by_customer else user,
        "locale": chat.texts[0],
        **_content(chat, number, user),
    }


def _id(chat: Chat, number: int) -> str:
    return f"{chat.native_id}-eu|{number:07}"


def _content(chat: Chat, number: int, user: Document) -> Document:
    step = chat.steps[number]
    match step.what:
        case "start":
            return {"type": "conversationUpdate", "membersAdded": [user]}
        case "typing" | "messageReaction" | "webchat/join":
            return _noise(chat, step.what)
        case "escalate" | "refer":
            return _handoff(chat, step)
        case "end":
            return _ending(chat, step)
        case "edit" | "removal":
            return _changed(chat, number)
    return _message(chat, number)


def _noise(chat: Chat, what: str) -> Document:
    if what == "webchat/join":
        return {"type": "event", "name": what, "value": {"language": chat.texts[0]}}
    return {"type": what}


def _changed(chat: Chat, number: int) -> Document:
    """The change of a message, which has the message's own id."""
    line = _id(chat, chat.line_changed(number))
    if chat.steps[number].what == "removal":
        return {"type": "messageDelete", "id": line}
    return {"type": "messageUpdate", "id": line, "text": chat.text(number)}


def _message(chat: Chat, number: int) -> Document:
    step = chat.steps[number]
    if step.what == "press":
        return _pressed(chat)
    said: Document = {"text": chat.text(number), "textFormat": "plain"}
    if step.what == "offer":
        # It has buttons, and no text.
        actions = [{"type": "imBack", "title": label, "value": label} for label in BUTTONS.values()]
        said = {"suggestedActions": {"actions": actions}}
    return {"type": "message", **said, **_channel_data(chat, step)}


def _pressed(chat: Chat) -> Document:
    """The customer's choice, from one of two kinds of cards."""
    choice = {"choice": "yes"}
    if chat.number % 2:
        return {"type": "message", "value": choice}
    action = {"type": "Action.Execute", "title": BUTTONS["yes"], "data": choice}
    return {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": action}}


def _channel_data(chat: Chat, step: Step) -> Document:
    """Who sees a bot's message. An assistant says that the agent alone does, unless the tenant has it declared."""
    if step.who == "customer":
        return {}
    if step.who == "assistant" and chat.tenant not in DECLARED_ASSISTANTS:
        return {"channelData": {"tags": "smartbot"}}
    return {"channelData": {"deliveryMode": "bridged"}}


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
