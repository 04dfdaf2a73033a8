"""The codes of notes that only a WhatsApp webhook can give, each with its severity and its remedy."""

from typing import Literal

from shared.dialects.notes import NOTHING, NoteKinds

WhatsAppCode = Literal[
    "change_without_meaning",
    "number_changed",
    "status_report",
    "system_message",
    "unsupported_message",
]
"""Codes for why a message, a report or a change was ignored."""

NOTES: NoteKinds = {
    "change_without_meaning": ("info", "Subscribe the webhook to the fields messages and smb_message_echoes only."),
    "number_changed": ("info", NOTHING),
    "status_report": ("info", NOTHING),
    "system_message": ("info", NOTHING),
    "unsupported_message": ("warning", "Ask the customer to send it as text, picture, voice or document."),
}
