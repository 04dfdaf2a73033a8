"""Reads an update as a line, as the change of one, or as a note of what is nobody's line.

Telegram's times are whole seconds, so the message's number in the chat is its sequence. An edit has the whole message
again, under the same number. A pressed button and a reaction are the sender's answer.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.dialects.bodies import refuse_many
from shared.dialects.dialect import TenantView
from shared.dialects.notes import NOT_SHOWN, Note, common_note
from shared.dialects.reading import Draft, Reading, event_id
from shared.dialects.telegram.contents import READ, contents_of, says_something
from shared.dialects.telegram.message import Message, is_whole, members_of, text_in, whole
from shared.dialects.telegram.notes import TelegramCode, telegram_note
from shared.errors import InvalidActivity, Mistake
from shared.events.data import Customer
from shared.wire import replace

_SERVICE = (
    "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
    "group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
    "pinned_message", "connected_website", "write_access_allowed", "passport_data", "proximity_alert_triggered",
    "boost_added", "chat_background_set", "checklist_tasks_done", "checklist_tasks_added",
    "direct_message_price_changed", "forum_topic_created", "forum_topic_edited", "forum_topic_closed",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "giveaway_created",
    "giveaway_completed", "paid_message_price_changed", "video_chat_scheduled", "video_chat_started",
    "video_chat_ended", "video_chat_participants_invited",
)  # fmt: skip
"""Members that make a message a report of the chat itself, which is nobody's line."""
_SILENT = frozenset([
    "business_connection", "chat_boost", "chat_join_request", "chat_member", "chosen_inline_result", "inline_query",
    "message_reaction_count", "my_chat_member", "poll", "pre_checkout_query", "purchased_paid_media",
    "removed_chat_boost", "shipping_query",
])  # fmt: skip
"""Updates in which nobody says anything in a chat. A vote (`poll_answer`) is somebody's, but tells no chat."""


def read_update(document: Any, tenant: TenantView) -> Reading:
    """Read one update. Raises InvalidActivity with the member that is missing or wrong."""
    if not isinstance(document, dict):
        raise InvalidActivity([Mistake("", "an update is a JSON object")])
    update_id = whole(document, "update_id", "")
    member = next((name for name in _READERS if isinstance(document.get(name), dict)), None)
    others = [str(name)[:40] for name in sorted(document) if name not in ("update_id", member)]
    if member is None:
        reason = f"the update holds no message, but {', '.join(others) or 'nothing'}"
        code: TelegramCode = "update_without_message" if _SILENT.issuperset(others) else "update_not_understood"
        return _ignored([telegram_note(code, "", reason)])
    reading = _READERS[member](Message(document[member], f"{member}.", tenant), update_id)
    if not others:
        return reading
    reason = f"beside {member}, the update holds {', '.join(others[:10])}"
    return _with_note(reading, telegram_note("update_members_ignored", "", reason))


def _line(message: Message, update_id: int) -> Reading:
    if migrated := _migrated(message):
        return migrated
    thread_id, time, contents = message.thread_id, message.time("date"), contents_of(message)
    line_id, sequence = message.line_id, whole(message.native, "message_id", message.path)
    if says_something(contents):
        notes = list(_notes(message))
    elif (silent := _silent(message)).code == "message_not_understood":
        contents = {**contents, "text": NOT_SHOWN}
        notes = [silent, *_notes_of_sender(message, f"{message.path}from.id")]
    else:
        return _ignored([silent])
    data = {"author": message.author, **contents, "sequence": sequence}
    draft = Draft(line_id, "message.posted", data, {"author": f"{message.path}from"})
    return Reading(thread_id, time, message.customer, [draft], [], message.begins, notes)


def _edit(message: Message, update_id: int) -> Reading:
    thread_id, said_at, contents = message.thread_id, message.time("date"), contents_of(message)
    line_id, time = message.line_id, message.time("edit_date") if "edit_date" in message.native else said_at
    if not says_something(contents):
        return _ignored([_silent(message)])
    # Without a caption there is none any more; without a file there was none.
    now: dict[str, Any] = {"text": contents.get("text", "")}
    if contents["attachments"]:
        now["attachments"] = contents["attachments"]
    data = {"messageId": line_id, **now, "author": message.author, "sequence": update_id}
    draft = Draft(event_id(f"update:{update_id}"), "message.changed", data, {"author": f"{message.path}from"})
    notes = list(_notes(message))
    return Reading(thread_id, time, message.customer, [draft], [], "never", notes, line_time=said_at)


def _deleted(message: Message, update_id: int) -> Reading:
    """Messages of a business chat that somebody deleted; Telegram tells neither who nor when."""
    numbers = message.native.get("message_ids")
    if not isinstance(numbers, list) or not all(is_whole(number) for number in numbers):
        raise InvalidActivity([Mistake(f"{message.path}message_ids", "is missing, or no list of whole numbers")])
    refuse_many(numbers, f"{message.path}message_ids", "messages")
    removed = [(number, {"messageId": message.id_of(number), "removed": True}) for number in numbers]
    drafts = [Draft(event_id(f"update:{update_id}:{number}"), "message.changed", data) for number, data in removed]
    return Reading(message.thread_id, None, message.customer, drafts, [], "never")


def _pressed(query: Message, update_id: int) -> Reading:
    """A pressed button says what stands on it. Telegram does not tell when it was pressed."""
    native_id, data = text_in(query.native, "id"), text_in(query.native, "data")
    if native_id is None:
        raise InvalidActivity([Mistake(f"{query.path}id", "is missing, or no text")])
    message = members_of(query.native, "message")
    if not message:
        reason = "is missing, so nobody knows in which chat the button was pressed"
        return _ignored([telegram_note("button_without_chat", f"{query.path}message", reason)])
    # The message with the button is the bot's; who pressed it is in the query.
    asked = Message({**message, "sender_chat": None, "sender_business_bot": None, "from": query.native.get("from")},
                    f"{query.path}message.", query.tenant)  # fmt: skip
    text = _label(message, data) or data or text_in(query.native, "game_short_name")
    if text is None:
        return _ignored([common_note("empty_message", f"{query.path}data", "the pressed button says nothing")])
    said = {"text": text, "attachments": [], **({"value": data} if data else {}), "replyToId": asked.line_id}
    draft = Draft(event_id(f"callback:{native_id}"), "message.posted", {"author": asked.author, **said})
    notes = list(_notes_of_sender(asked, f"{query.path}from.id"))
    return Reading(asked.thread_id, None, asked.customer, [draft], [], asked.begins, notes)


def _label(message: Mapping[str, Any], data: str | None) -> str | None:
    """What stands on the button with these data."""
    rows = members_of(message, "reply_markup").get("inline_keyboard")
    lists = [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
    buttons = [button for row in lists for button in row if isinstance(button, dict)]
    pressed = (button for button in buttons if data is not None and button.get("callback_data") == data)
    return next((text_in(button, "text") for button in pressed), None)


def _reaction(reaction: Message, update_id: int) -> Reading:
    given = reaction.native.get("new_reaction")
    shown = [_emoji(one) for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    if reaction.is_forum:
        reason = "a forum's reaction does not tell its topic, so nobody knows its conversation"
        return _ignored([telegram_note("reaction_without_topic", f"{reaction.path}chat", reason)])
    if not shown:
        reason = "is empty: a reaction was taken back"
        return _ignored([common_note("reaction_removed", f"{reaction.path}new_reaction", reason)])
    sender = reaction.native.get("user") or reaction.native.get("actor_chat")
    by = Message({**reaction.native, "from": sender}, reaction.path, reaction.tenant)
    data = {"author": by.author, "text": " ".join(shown), "reaction": True, "replyToId": by.line_id}
    draft = Draft(event_id(f"update:{update_id}"), "message.posted", data)
    notes = list(_notes_of_sender(by, f"{reaction.path}user.id"))
    return Reading(by.thread_id, by.time("date"), by.customer, [draft], [], "ifFirst", notes)


def _emoji(reaction: Mapping[str, Any]) -> str:
    return text_in(reaction, "emoji") or ("⭐" if reaction.get("type") == "paid" else "a custom emoji")


def _migrated(message: Message) -> Reading | None:
    """A group that became a supergroup has another id from then on; both chats tell the other one's."""
    new, old = message.native.get("migrate_to_chat_id"), message.native.get("migrate_from_chat_id")
    if not is_whole(new) and not is_whole(old):
        return None
    before, after = (message.chat_id, str(new)) if is_whole(new) else (str(old), message.chat_id)
    note = telegram_note("chat_migrated", message.path[:-1], "the group has another id now, and stays the same thread")
    return Reading(after, message.time("date"), message.customer, [], [note], "never", continues=before)


def _silent(message: Message) -> Note:
    """Why a message is no line."""
    path = message.path[:-1]
    held = sorted(str(name)[:40] for name, value in message.native.items() if value and name not in READ)
    if not held:
        return common_note("empty_message", f"{path}.text", "the message has no text or file")
    if any(name in _SERVICE for name in held):
        return telegram_note("service_message", path, f"reports {', '.join(held[:10])}, and is nobody's line")
    reason = f"holds nothing that is read, but {', '.join(held[:10])}"
    return telegram_note("message_not_understood", path, reason)


def _notes(message: Message) -> Iterator[Note]:
    """Notes of members that are not kept in the line, and of a missing sender."""
    unread = sorted(str(name)[:40] for name, value in message.native.items() if value and name not in READ)
    if unread:
        yield common_note("members_not_kept", message.path[:-1], f"leaves out {', '.join(unread[:10])}")
    yield from _notes_of_sender(message, f"{message.path}from.id")


def _notes_of_sender(message: Message, path: str) -> Iterator[Note]:
    if not message.sender:
        yield common_note("sender_unknown", path, "is missing, so the sender is called by the chat's id")


def _with_note(reading: Reading, note: Note) -> Reading:
    return replace(reading, notes=[note, *reading.notes])


def _ignored(notes: list[Note]) -> Reading:
    return Reading(None, None, Customer(id="unknown"), [], notes, "never")


_READERS: Mapping[str, Callable[[Message, int], Reading]] = {
    "message": _line,
    "business_message": _line,
    "channel_post": _line,
    "edited_message": _edit,
    "edited_business_message": _edit,
    "edited_channel_post": _edit,
    "deleted_business_messages": _deleted,
    "callback_query": _pressed,
    "message_reaction": _reaction,
}
"""The reader of each member of an update that says something."""
