"""What a Telegram message says, as members of a line: its text with links, its files, its cards.

Files are named by the id with which their owner downloads them from Telegram; nothing is fetched here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.dialects.telegram.message import Message, is_whole, members_of, name_of, text_in
from shared.dialects.telegram.words import WORDS

_FILES = {
    "photo": "image/jpeg",
    "sticker": "image/webp",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "document": "application/octet-stream",
}
"""Members of a message that are files, with the media type to use if Telegram names none."""
_BESIDE_TEXT = frozenset([*_FILES, *WORDS])
_REFERRING = frozenset(
    ["reply_to_message", "quote", "forward_origin", "forward_from", "forward_from_chat", "forward_sender_name"]
)
READ = frozenset(
    [
        "message_id", "date", "edit_date", "chat", "from", "sender_chat", "sender_business_bot",
        "business_connection_id",
        "message_thread_id", "is_topic_message", "text", "caption", "entities", "caption_entities", "reply_to_message",
        "quote", "forward_origin", "forward_from", "forward_from_chat", "forward_sender_name", "forward_date",
        "forward_from_message_id", "forward_signature", "link_preview_options", "reply_markup", *_FILES, *WORDS,
    ]
)  # fmt: skip
"""Members of a message that a line is made of, or that only format its text."""


def contents_of(message: Message) -> dict[str, Any]:
    """What the message says: `text`, `attachments`, and what it refers to; without both of these it says nothing."""
    native = message.native
    kind, files = None, list[dict[str, Any]]()
    # Most messages are text alone.
    if not native.keys().isdisjoint(_BESIDE_TEXT):
        kind = next((name for name in WORDS if isinstance(native.get(name), dict)), None)
        files = [_file(native[name], name) for name in _FILES if native.get(name)]
    words = WORDS[kind](native[kind]) if kind else text_in(members_of(native, "sticker"), "emoji")
    text = _linked(native, "text", "entities") or _linked(native, "caption", "caption_entities") or words
    said: dict[str, Any] = {"text": text} if text else {}
    cards = [_card(kind, native[kind])] if kind else []
    return {**said, "attachments": [*files, *cards], **_answer(native), **_referred(message)}


def says_something(contents: Mapping[str, Any]) -> bool:
    return bool(contents.get("text") or contents["attachments"])


def _card(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": kind, "contentType": f"application/vnd.telegram.{kind}+json", "content": content}


def _answer(native: Mapping[str, Any]) -> dict[str, str]:
    """What a web app that a button opened sends back."""
    data = text_in(members_of(native, "web_app_data"), "data")
    return {"value": data} if data else {}


def _referred(message: Message) -> dict[str, Any]:
    """The line that this one answers, the part of it that it quotes, and from whom it was forwarded."""
    if message.native.keys().isdisjoint(_REFERRING):
        return {}
    answered = members_of(message.native, "reply_to_message")
    # The first message of a topic stands for the topic, and is answered by all its messages.
    in_chat = is_whole(answered.get("message_id")) and "forum_topic_created" not in answered
    found = {
        "replyToId": message.id_of(answered["message_id"]) if in_chat else None,
        "quote": text_in(members_of(message.native, "quote"), "text"),
        "forwardedFrom": _forwarder(message.native),
    }
    return {name: value for name, value in found.items() if value}


def _forwarder(native: Mapping[str, Any]) -> str | None:
    origin = members_of(native, "forward_origin")
    places = [(origin, "sender_user"), (origin, "sender_chat"), (origin, "chat")]
    # As it was before Bot API 7.0.
    for holder, name in (*places, (native, "forward_from"), (native, "forward_from_chat")):
        if who := members_of(holder, name):
            return name_of(who) or str(who.get("id"))
    return text_in(origin, "sender_user_name") or text_in(native, "forward_sender_name")


def _linked(native: Mapping[str, Any], member: str, entities: str) -> str | None:
    """The text, with the address of each link behind the words that carry it. Offsets are UTF-16 units."""
    text = text_in(native, member)
    links = _links(native.get(entities)) if text else []
    if text is None or not links:
        return text
    units = text.encode("utf-16-le")
    parts, begin = list[bytes](), 0
    for end, url in links:
        if begin <= end <= len(units):
            parts += [units[begin:end], f" ({url})".encode("utf-16-le")]
            begin = end
    try:
        return b"".join([*parts, units[begin:]]).decode("utf-16-le")
    except UnicodeDecodeError:  # an offset inside a character
        return text


def _links(entities: Any) -> Sequence[tuple[int, str]]:
    """Where each link ends, in bytes of UTF-16, and its address; in order."""
    given = [one for one in entities if isinstance(one, dict)] if isinstance(entities, list) else []
    return sorted(
        (2 * (one["offset"] + one["length"]), url)
        for one in given
        if one.get("type") == "text_link" and is_whole(one.get("offset")) and is_whole(one.get("length"))
        if (url := text_in(one, "url"))
    )


def _file(value: Any, member: str) -> dict[str, Any]:
    """The file with our names for its members. Of a photo's sizes the last one is taken, which is the largest."""
    file = value[-1] if isinstance(value, list) and value else value
    file = file if isinstance(file, dict) else {}
    size = file.get("file_size")
    attachment = {
        "name": text_in(file, "file_name") or member,
        "contentType": text_in(file, "mime_type") or _FILES[member],
        "fileId": file.get("file_id"),
    }
    return {**attachment, "size": size} if is_whole(size) and size >= 0 else attachment
