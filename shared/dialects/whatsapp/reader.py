"""Reads a message as a line of its customer, an echo as a line of an agent, and a status as a report.

A thread is a customer at one telephone number of the business: `{phone_number_id}:{wa_id}`. The number of the customer
is `wa_id`; one who hides it has an id of Meta's for this business alone (`user_id`). WhatsApp tells a webhook what
customers write, and what somebody writes in the WhatsApp Business app; what a bot sends by the Cloud API comes as
statuses only, so its lines must be posted by the bot.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.dialects.dialect import Ingress
from shared.dialects.notes import NOT_SHOWN, Note, common_note
from shared.dialects.reading import Draft, Reading, Report, event_id, fits_an_event
from shared.dialects.whatsapp.changes import change_of, new_number
from shared.dialects.whatsapp.contents import Contents, contents_of, text_of
from shared.dialects.whatsapp.notes import WhatsAppCode
from shared.dialects.whatsapp.webhook import Broken, Contacts, Native
from shared.errors import InvalidActivity, Mistake
from shared.events.conversation_event import Begins
from shared.events.data import MAX_NAME, Customer
from shared.events.envelope import epoch_time

_SECONDS = re.compile(r"[0-9]{1,11}")
_MAX_ID = 256
_READ = frozenset(["id", "from", "to", "from_user_id", "to_user_id", "timestamp", "type", "context", "referral"])
"""Members of every message that a line is made of, or that only repeat who wrote to whom."""


def read_native(native: Native | Broken, ingress: Ingress) -> Reading:
    """Read one message, echo, report or change. Raises InvalidActivity with the member that is missing or wrong."""
    if isinstance(native, Broken):
        raise InvalidActivity([Mistake(native.member, native.reason)])
    if native.kind == "change":
        field = str(native.item.get("field"))[:80]
        return _ignored("change_without_meaning", "field", f"a change of {field!r} without messages means nothing here")
    if not isinstance(native.item, dict):
        raise InvalidActivity([Mistake("", "is no object")])
    number_id = _number_id(native, ingress)
    if native.kind == "status":
        return _status(native.item)
    return _line(native.item, native.contacts, number_id, is_echo=native.kind == "echo")


def _number_id(native: Native, ingress: Ingress) -> str:
    """The business's telephone number, by Meta's id of it. Raises InvalidActivity if it is another channel's."""
    number_id = native.number_id
    if not isinstance(number_id, str) or not 0 < len(number_id) <= _MAX_ID:
        raise InvalidActivity([Mistake("", "metadata.phone_number_id beside it is missing, or no text")])
    if ingress.native_id not in (None, number_id):
        reason = "is another one than this channel's nativeId: mend that, or the callback URL of the number"
        raise InvalidActivity([Mistake("value.metadata.phone_number_id", reason)])
    return number_id


def _status(status: Mapping[str, Any]) -> Reading:
    native_id, state = text_of(status, "id"), text_of(status, "status")
    if native_id is None or state is None:
        raise InvalidActivity([Mistake("id" if native_id is None else "status", "is missing, or no text")])
    errors = status.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    reason = " ".join(str(first[member])[:200] for member in ("code", "title") if first.get(member)) or None
    note = _note(
        "status_report", "status", f"reports {state[:40]!r} of a line that was sent, and nothing keeps reports"
    )
    return Reading(None, None, _NOBODY, [], [note], "never", reports=[Report(native_id, state, reason)])


def _line(message: dict[str, Any], contacts: Contacts, number_id: str, *, is_echo: bool) -> Reading:
    contents, change = contents_of(message), change_of(message)
    if text_of(message, "group_id"):
        return _ignored("unsupported_message", "group_id", "is of a group, where several customers write")
    unread: list[Note] = []
    if contents is None and change is None:
        if ignored := _unread(message, number_id):
            return ignored
        kind = str(message["type"])[:40]
        unread = [
            _note("unsupported_message", "type", f"messages of type {kind!r} are not read, or lack their content")
        ]
        contents = Contents({"text": NOT_SHOWN}, frozenset([str(message["type"])]))
    customer, notes = _customer(message, contacts, "to" if is_echo else "from")
    notes += unread
    native_id = text_of(message, "id")
    if native_id is None:
        raise InvalidActivity([Mistake("id", "is missing, or no text")])
    if not fits_an_event(native_id):
        notes.append(common_note("id_too_long", "id", "is too long for an event, so its hash is used"))
    author = {"role": "customer", "id": customer.id, "name": customer.name}
    author = {"role": "agent", "id": number_id} if is_echo else author
    kind, data, begins = _said(message, contents, change, is_echo=is_echo)
    draft = Draft(event_id(native_id), kind, {"author": author, **data}, {"author": "to" if is_echo else "from"})
    notes += _left_out(message, contents.read if contents else frozenset([str(message["type"])]))
    return Reading(f"{number_id}:{customer.id}", _time(message), customer, [draft], [], begins, notes)


def _said(
    message: Mapping[str, Any], contents: Contents | None, change: Mapping[str, Any] | None, *, is_echo: bool
) -> tuple[str, Mapping[str, Any], Begins]:
    """The type of the message's event, its data without the author, and when it begins a conversation."""
    if contents is None:
        return "message.changed", change or {}, "never"
    # A reaction to what was said before the end is no wish to begin anew.
    begins: Begins = "ifFirst" if is_echo or "reaction" in contents.data else "always"
    return "message.posted", {"attachments": [], **_around(message), **contents.data}, begins


def _around(message: Mapping[str, Any]) -> dict[str, Any]:
    """The line that this one answers, that it was forwarded, and the product or advertisement that it is about."""
    context = message.get("context")
    context = context if isinstance(context, dict) else {}
    around = {
        "replyToId": text_of(context, "id"),
        "forwarded": context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        "referredProduct": context.get("referred_product"),
        "referral": message.get("referral"),
    }
    return {name: value for name, value in around.items() if value}


def _unread(message: Mapping[str, Any], number_id: str) -> Reading | None:
    """Why a message that says nothing is no line; None if it is of a kind that is not read: it is one all the same."""
    kind = str(message.get("type"))[:40]
    if "type" not in message:
        raise InvalidActivity([Mistake("type", "is missing")])
    if (numbers := new_number(message)) and all(0 < len(number) <= _MAX_ID for number in numbers):
        before, after = (f"{number_id}:{number}" for number in numbers)
        note = _note("number_changed", "system", "tells of the customer's new number, which stays the same thread")
        return Reading(after, _time(message), Customer(id=numbers[1]), [], [note], "never", continues=before)
    if kind in ("system", "request_welcome"):
        return _ignored("system_message", "type", "tells of a customer's number or id, and is nobody's line")
    if kind == "reaction" and isinstance(message.get("reaction"), dict):
        note = common_note("reaction_removed", "reaction.emoji", "is missing: a reaction was taken back")
        return Reading(None, None, _NOBODY, [], [note], "never")
    if kind == "text":
        note = common_note("empty_message", "text.body", "the message has no text")
        return Reading(None, None, _NOBODY, [], [note], "never")
    if kind in ("edit", "revoke"):
        return _ignored("unsupported_message", "type", f"a message of type {kind!r} lacks its content")
    return None


def _customer(message: Mapping[str, Any], contacts: Contacts, member: str) -> tuple[Customer, list[Note]]:
    """The customer, by the number, else by Meta's id for this business; and a note if the name was shortened."""
    number, user_id = text_of(message, member), text_of(message, f"{member}_user_id")
    contact = contacts.of(number, user_id)
    found = (number or text_of(contact, "wa_id") or user_id or text_of(contact, "user_id") or "").removeprefix("+")
    if not 0 < len(found) <= _MAX_ID:
        raise InvalidActivity([Mistake(member, f"is missing, or no text of 1 to {_MAX_ID} characters")])
    name = text_of(contact.get("profile"), "name") or text_of(contact.get("profile"), "username")
    reason = f"the customer's name has more than {MAX_NAME} characters; the rest is left out"
    notes = [common_note("shortened", "", reason)] if name and len(name) > MAX_NAME else []
    return Customer(id=found, name=name[:MAX_NAME] if name else None), notes


def _time(message: Mapping[str, Any]) -> str:
    given = message.get("timestamp")
    seconds = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(seconds, str) or not _SECONDS.fullmatch(seconds):
        raise InvalidActivity([Mistake("timestamp", "is missing, or no whole seconds since 1970")])
    try:
        return epoch_time(int(seconds))
    except ValueError as cause:
        raise InvalidActivity([Mistake("timestamp", str(cause))]) from cause


def _left_out(message: Mapping[str, Any], read: frozenset[str]) -> Iterator[Note]:
    unread = sorted(str(name)[:40] for name, value in message.items() if value and name not in _READ | read)
    if unread:
        yield common_note("members_not_kept", "", f"leaves out {', '.join(unread[:10])}")


_NOBODY = Customer(id="unknown")


def _note(code: WhatsAppCode, path: str, reason: str) -> Note:
    return Note(code, path, reason)


def _ignored(code: WhatsAppCode, path: str, reason: str) -> Reading:
    return Reading(None, None, _NOBODY, [], [_note(code, path, reason)], "never")
