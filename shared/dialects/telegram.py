"""The Telegram dialect: reads a Bot API update as a line of its sender.

A chat is the thread. Telegram's times are whole seconds, so the message's number in the chat is its sequence. Updates
of other kinds (edits, queries, members) are no lines of a transcript, so they are ignored with a note.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

from shared.dialects.bodies import skipped_mark
from shared.dialects.dialect import Decoded, Dialect, Ingress, Recognition, TenantView, declared_sender
from shared.dialects.notes import NOTHING, Note, NoteKinds, common_note
from shared.dialects.proof import SecretProof
from shared.dialects.reading import Draft, Reading
from shared.dialects.received import Received
from shared.dialects.signatures import one_matches
from shared.errors import InvalidActivity, Mistake, Unauthorized
from shared.events.conversation_event import Begins
from shared.events.data import MAX_LOCALE, MAX_NAME, Customer
from shared.events.envelope import epoch_time
from shared.wire import parse_json

TOKEN_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # a header's name

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


_READ = (
    frozenset(["message_id", "date", "chat", "from", "text", "caption", "entities", "caption_entities"]) | _FILES.keys()
)
"""Members of a message that a line is made of, or that only format its text."""


def verify_secret_token(received: Received, secrets: Sequence[str], now: datetime) -> None:
    """Pass if Telegram sent one of the secrets, as `setWebhook` has it do. Raises Unauthorized."""
    given = received.headers.get(TOKEN_HEADER)
    if not given:
        raise Unauthorized("credentials_missing")
    if not one_matches(secrets, [given]):
        raise Unauthorized("secret_token_wrong")


class Telegram(Dialect):
    """Updates of the Bot API, one in a body."""

    name = "telegram"
    payload = "a Telegram update"
    time_at = "message.date"
    default_proof = SecretProof("telegram", verify_secret_token)
    own_proofs = (default_proof,)
    notes: ClassVar[NoteKinds] = {
        "update_members_ignored": ("info", NOTHING),
        "update_without_message": ("info", NOTHING),
    }

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        return Recognition() if isinstance(document, dict) and "update_id" in document else None

    def decode(self, received: Received) -> Decoded:
        return Decoded([("", parse_json(received.body, InvalidActivity))], notes=skipped_mark(received.body))

    def read(self, native: Any, ingress: Ingress) -> Reading:
        return read_update(native, ingress.tenant)


def read_update(document: Any, tenant: TenantView) -> Reading:
    """Read one update. Raises InvalidActivity with the member that is missing or wrong."""
    if not isinstance(document, dict):
        raise InvalidActivity([Mistake("", "an update is a JSON object")])
    update_id = _whole(document, "update_id", "")
    message = document.get("message")
    others = [str(name)[:40] for name in sorted(document) if name not in ("update_id", "message")]
    if not isinstance(message, dict):
        note = Note("update_without_message", "", f"the update holds no message, but {', '.join(others) or 'nothing'}")
        return Reading(None, None, Customer(id=str(update_id)), [], [note], begins="never")
    chat, sender = message.get("chat"), message.get("from")
    chat_id = str(_whole(chat if isinstance(chat, dict) else {}, "id", "message.chat."))
    sender = sender if isinstance(sender, dict) else {}
    customer, time = _customer(sender, chat_id), _time(message)
    data = _line(message, sender, chat_id, tenant)
    if "text" not in data and not data["attachments"]:
        note = common_note("empty_message", "message.text", "the message has no text or file")
        return Reading(chat_id, time, customer, [], [note], begins="never")
    draft = Draft(f"update:{update_id}", "message.posted", data, {"author": "message.from"})
    begins: Begins = "always" if data["author"]["role"] == "customer" else "ifFirst"
    return Reading(chat_id, time, customer, [draft], [], begins, list(_notes(message, sender, others)))


def _notes(message: dict[str, Any], sender: dict[str, Any], others: list[str]) -> Iterator[Note]:
    """Notes of members that are not kept in the line, and of a missing sender."""
    if others:
        yield Note("update_members_ignored", "", f"beside the message, the update holds {', '.join(others[:10])}")
    unread = sorted(str(name)[:40] for name, value in message.items() if value and name not in _READ)
    if unread:
        yield common_note("members_not_kept", "message", f"leaves out {', '.join(unread[:10])}")
    if not isinstance(sender.get("id"), int):
        yield common_note("sender_unknown", "message.from.id", "is missing, so the sender is called by message.chat.id")


def _line(message: dict[str, Any], sender: dict[str, Any], chat_id: str, tenant: TenantView) -> dict[str, Any]:
    customer = _customer(sender, chat_id)
    role, author_id = declared_sender(tenant, customer.id) or ("customer", customer.id)
    author = {"role": "bot" if sender.get("is_bot") is True else role, "id": author_id, "name": customer.name}
    data: dict[str, Any] = {
        "author": author,
        "attachments": [_attachment(message, member) for member in _FILES if message.get(member)],
        "sequence": _whole(message, "message_id", "message."),
    }
    text = message.get("text") or message.get("caption")
    return {**data, "text": text} if isinstance(text, str) else data


def _attachment(message: dict[str, Any], member: str) -> dict[str, Any]:
    """The file with our names for its members. Of a photo's sizes the last one is taken, which is the largest."""
    value = message[member]
    file = value[-1] if isinstance(value, list) and value else value
    file = file if isinstance(file, dict) else {}
    name, kind, size = file.get("file_name"), file.get("mime_type"), file.get("file_size")
    attachment: dict[str, Any] = {
        "name": name if isinstance(name, str) and name else member,
        "contentType": kind if isinstance(kind, str) and kind else _FILES[member],
        "fileId": file.get("file_id"),
    }
    has_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return {**attachment, "size": size} if has_size else attachment


def _customer(sender: dict[str, Any], chat_id: str) -> Customer:
    names = [sender[part] for part in ("first_name", "last_name") if isinstance(sender.get(part), str)]
    locale = sender.get("language_code")
    return Customer(
        id=str(sender["id"]) if isinstance(sender.get("id"), int) else chat_id,
        name=" ".join(names)[:MAX_NAME] or None,
        locale=locale[:MAX_LOCALE] if isinstance(locale, str) else None,
    )


def _time(message: dict[str, Any]) -> str:
    try:
        return epoch_time(_whole(message, "date", "message."))
    except ValueError as cause:
        raise InvalidActivity([Mistake("message.date", str(cause))]) from cause


def _whole(document: dict[str, Any], member: str, path: str) -> int:
    value = document.get(member)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidActivity([Mistake(f"{path}{member}", "is missing, or no whole number")])
    return value
