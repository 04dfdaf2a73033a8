"""What WhatsApp tells of a message that was sent before: it is edited, or revoked; and of a customer's new number."""

from collections.abc import Mapping
from typing import Any

from shared.dialects.reading import event_id
from shared.dialects.whatsapp.contents import contents_of, text_of

_NEW_NUMBER = ("user_changed_number", "customer_changed_number")


def change_of(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """What became of the line that the message edits or revokes; None if it does neither, or lacks its content."""
    kind = message.get("type")
    body = message.get(str(kind))
    line_id = text_of(body, "original_message_id") if kind in ("edit", "revoke") else None
    if line_id is None or not isinstance(body, dict):
        return None
    if kind == "revoke":
        return {"messageId": event_id(line_id), "removed": True}
    edited = body.get("message")
    contents = contents_of(edited) if isinstance(edited, dict) else None
    if contents is None:
        return None
    # A file without a caption has none any more.
    now = {"text": "", **{name: contents.data[name] for name in ("text", "attachments") if name in contents.data}}
    return {"messageId": event_id(line_id), **now}


def new_number(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """The customer's number before, and the one from now on, if the message tells of a new one."""
    system = message.get("system")
    before = text_of(message, "from")
    if message.get("type") != "system" or not isinstance(system, dict) or before is None:
        return None
    after = text_of(system, "new_wa_id") or text_of(system, "wa_id")
    is_told = system.get("type") in _NEW_NUMBER and after is not None
    return (before.removeprefix("+"), after.removeprefix("+")) if is_told and after else None
