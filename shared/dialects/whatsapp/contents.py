"""What a WhatsApp message says: its text, its files, and what the customer chose, as members of a line.

Files are named by the id with which their owner downloads them from Meta; nothing is fetched here.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_MEDIA = {
    "image": "image/jpeg",
    "audio": "audio/ogg",
    "video": "video/mp4",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}
"""Types of messages that are one file, with the media type to use if Meta names none."""


class Contents(NamedTuple):
    """Members of a line's data, and the members of the message that they were read from."""

    data: Mapping[str, Any]
    read: frozenset[str]


def contents_of(message: Mapping[str, Any]) -> Contents | None:
    """What the message says; None if it says nothing that is understood."""
    kind = message.get("type")
    body = message.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str):
        return None
    if kind == "contacts":
        return _contents(kind, _contacts(body))
    read = _READERS.get(kind)
    return _contents(kind, read(kind, body)) if read and isinstance(body, dict) else None


def text_of(holder: Any, member: str) -> str | None:
    """The text of a member; None if it is absent, empty or no text."""
    value = holder.get(member) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and value else None


def _contents(kind: str, data: Mapping[str, Any]) -> Contents | None:
    said = {name: value for name, value in data.items() if value not in (None, [])}
    return Contents(said, frozenset([kind])) if said.keys() & {"text", "attachments"} else None


def _text(_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"text": text_of(body, "body")}


def _media(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    file_id = text_of(body, "id")
    if file_id is None:
        return {}
    attachment = {
        "name": text_of(body, "filename") or kind,
        "contentType": text_of(body, "mime_type") or _MEDIA[kind],
        "fileId": file_id,
        **({"sha256": digest} if (digest := text_of(body, "sha256")) else {}),
    }
    return {"text": text_of(body, "caption"), "attachments": [attachment]}


def _contacts(cards: Any) -> dict[str, Any]:
    listed = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    return {"attachments": [_card("contact", card) for card in listed]}


def _location(kind: str, place: dict[str, Any]) -> dict[str, Any]:
    known = isinstance(place.get("latitude"), int | float) and isinstance(place.get("longitude"), int | float)
    return {"attachments": [_card(kind, place)]} if known else {}


def _card(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"name": kind, "contentType": f"application/vnd.whatsapp.{kind}+json", "content": content}


def _button(_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"text": text_of(body, "text"), "value": text_of(body, "payload")}


def _interactive(_: str, body: dict[str, Any]) -> dict[str, Any]:
    """A reply button, or an item of a list, that the customer chose: its title, and the whole choice beside it."""
    chosen = body.get(str(body.get("type")))
    if body.get("type") not in ("button_reply", "list_reply") or not isinstance(chosen, dict):
        return {}
    return {"text": text_of(chosen, "title"), "value": chosen}


def _reaction(_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"text": text_of(body, "emoji"), "replyToId": text_of(body, "message_id")}


_READERS: Mapping[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    **dict.fromkeys(_MEDIA, _media),
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
}
