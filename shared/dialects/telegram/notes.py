"""The codes of notes that only a Telegram update can give, each with its severity and its remedy."""

from typing import Literal

from shared.dialects.notes import NOTHING, Note, NoteKinds

TelegramCode = Literal[
    "button_without_chat",
    "chat_migrated",
    "message_not_understood",
    "reaction_without_topic",
    "service_message",
    "update_members_ignored",
    "update_not_understood",
    "update_without_message",
]
"""Codes for why an update, or a part of it, was ignored."""

NOTES: NoteKinds = {
    "button_without_chat": ("warning", "Put the button on a message of the bot's own, not on an inline one."),
    "chat_migrated": ("info", NOTHING),
    "message_not_understood": ("warning", "Ask the customer to send it as text, picture, voice or document."),
    "reaction_without_topic": ("info", NOTHING),
    "service_message": ("info", NOTHING),
    "update_members_ignored": ("info", NOTHING),
    "update_not_understood": ("warning", "Read it where the bot does, and post what it means as a CloudEvent."),
    "update_without_message": ("info", NOTHING),
}


def telegram_note(code: TelegramCode, path: str, reason: str) -> Note:
    """A note of this dialect's own."""
    return Note(code, path, reason)
