"""A customer's steps on Telegram, as updates of its Bot API. The steps of others there are CloudEvents."""

from typing import Any

from local.sample.chat import Chat
from local.sample.texts import BUTTONS, START

Document = dict[str, Any]


def chat_id(chat: Chat) -> int:
    """The number by which Telegram knows the chat, and the customer in it."""
    return int(chat.native_id[:8], 16)


def update(chat: Chat, number: int) -> Document:
    """The step as an update, its date in whole seconds; that of a pressed button has none."""
    step = chat.steps[number]
    customer = {**_person(chat), "is_bot": False, "language_code": chat.texts[0].partition("-")[0]}
    update_id = int(chat.native_id[8:14], 16) * 100 + number
    match step.what:
        case "press":
            said: Document = {"callback_query": _pressed(chat, number, update_id, customer)}
        case "edit":
            line = chat.line_changed(number)
            message = _message(chat, line, customer, chat.text(number))
            said = {"edited_message": {**message, "edit_date": _date(chat, number)}}
        case _:
            text = START if step.what == "start" else chat.text(number)
            said = {"message": _message(chat, number, customer, text)}
    return {"update_id": update_id, **said}


def _message(chat: Chat, number: int, sender: Document, text: str) -> Document:
    return {
        "message_id": number + 1,
        "date": _date(chat, number),
        "chat": {**_person(chat), "type": "private"},
        "from": sender,
        "text": text,
    }


def _pressed(chat: Chat, number: int, update_id: int, customer: Document) -> Document:
    """The first button of the bot's newest message, pressed by the customer."""
    offer = number - 1
    _, _, name = chat.bot(chat.steps[offer])
    bot = {"id": 1 + chat.number, "is_bot": True, "first_name": name}
    buttons = [{"text": label, "callback_data": data} for data, label in BUTTONS.items()]
    message = {**_message(chat, offer, bot, chat.text(offer)), "reply_markup": {"inline_keyboard": [buttons]}}
    return {"id": str(update_id), "from": customer, "message": message, "data": buttons[0]["callback_data"]}


def _person(chat: Chat) -> Document:
    first, _, last = chat.customer.partition(" ")
    return {"id": chat_id(chat), "first_name": first, "last_name": last}


def _date(chat: Chat, number: int) -> int:
    return int(chat.steps[number].moment.timestamp())
