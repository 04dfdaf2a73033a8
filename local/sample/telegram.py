"""A customer's steps on Telegram, as updates of its Bot API. The steps of others there are CloudEvents."""

from typing import Any

from local.sample.chat import Chat
from local.sample.texts import START


def chat_id(chat: Chat) -> int:
    """The number by which Telegram knows the chat, and the customer in it."""
    return int(chat.native_id[:8], 16)


def update(chat: Chat, number: int) -> dict[str, Any]:
    """The step as an update, its date in whole seconds."""
    step = chat.steps[number]
    first, _, last = chat.customer.partition(" ")
    person = {"id": chat_id(chat), "first_name": first, "last_name": last}
    return {
        "update_id": int(chat.native_id[8:14], 16) * 100 + number,
        "message": {
            "message_id": number + 1,
            "date": int(step.moment.timestamp()),
            "chat": {**person, "type": "private"},
            "from": {**person, "is_bot": False, "language_code": chat.texts[0].partition("-")[0]},
            "text": START if step.what == "start" else chat.text(step),
        },
    }
