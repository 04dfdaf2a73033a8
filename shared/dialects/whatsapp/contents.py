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
_CHOICES = ("button_reply", "list_reply", "nfm_reply", "call_permission_reply")
"""Types of interactive answers; `nfm_reply` is that of a form (a Flow)."""


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
    texts = [f"Contact: {_listed(text_of(card.get('name'), 'formatted_name'), *_phones(card))}" for card in listed]
    return {"text": "\n".join(texts), "attachments": [_card("contact", card) for card in listed]}


def _phones(card: Mapping[str, Any]) -> list[str | None]:
    phones = card.get("phones")
    return [text_of(phone, "phone") for phone in phones] if isinstance(phones, list) else []


def _listed(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def _location(kind: str, place: dict[str, Any]) -> dict[str, Any]:
    known = isinstance(place.get("latitude"), int | float) and isinstance(place.get("longitude"), int | float)
    where = (place.get("latitude"), place.get("longitude"), text_of(place, "name"), text_of(place, "address"))
    return {"text": f"Location: {_listed(*where)}", "attachments": [_card(kind, place)]} if known else {}


def _order(kind: str, order: dict[str, Any]) -> dict[str, Any]:
    items = order.get("product_items")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    texts = [f"{item.get('quantity')} of {item.get('product_retailer_id')}" for item in listed]
    return {"text": _listed(text_of(order, "text"), f"Order: {_listed(*texts)}"), "attachments": [_card(kind, order)]}


def _card(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"name": kind, "contentType": f"application/vnd.whatsapp.{kind}+json", "content": content}


def _button(_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"text": text_of(body, "text"), "value": text_of(body, "payload")}


def _interactive(_: str, body: dict[str, Any]) -> dict[str, Any]:
    """A button, an item of a list, or a form's answer that the customer chose: its words, and the whole beside it."""
    chosen = body.get(str(body.get("type")))
    if body.get("type") not in _CHOICES or not isinstance(chosen, dict):
        return {}
    words = (text_of(chosen, member) for member in ("title", "body", "name", "response"))
    return {"text": next((text for text in words if text), None), "value": chosen}


def _reaction(_: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"text": text_of(body, "emoji"), "replyToId": text_of(body, "message_id"), "reaction": True}


_READERS: Mapping[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    **dict.fromkeys(_MEDIA, _media),
    "location": _location,
    "order": _order,
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
}
