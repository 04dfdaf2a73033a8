"""Telegram updates: a chat is a thread, a message a line; what says nothing is ignored with its reason."""

import json
from typing import Any

import pytest

from shared.conversations.lists import Selection
from shared.dialects.reading import Reading
from shared.dialects.telegram.reader import read_update
from shared.errors import InvalidActivity
from shared.events.envelope import format_time
from tests.builders import contoso, threaded
from tests.conversations.pipelines import NOW, InMemory

ANNA = {"id": 4711, "is_bot": False, "first_name": "Anna", "last_name": "B.", "language_code": "de"}
PHOTO = [{"file_id": "small", "file_size": 10}, {"file_id": "large", "file_size": 1000}]


def update(number: int = 1, **members: Any) -> dict[str, Any]:
    at = int(NOW.timestamp()) + number
    message = {"message_id": number, "date": at, "chat": {"id": -100, "type": "private"}, "from": ANNA, "text": "Hallo"}
    return {"update_id": 9000 + number, "message": {**message, **members}}


def read(document: Any) -> Reading:
    return read_update(document, contoso())


def test_a_message_is_a_customers_line_in_the_order_of_the_chat() -> None:
    reading = read(update(7))
    (draft,) = reading.drafts
    assert (reading.thread_id, draft.id, draft.type) == ("-100", "message:7", "message.posted")
    assert draft.data["author"] == {"role": "customer", "id": "4711", "name": "Anna B."}
    assert (draft.data["text"], draft.data["sequence"]) == ("Hallo", 7)
    assert (reading.customer.id, reading.customer.name, reading.customer.locale) == ("4711", "Anna B.", "de")


@pytest.mark.parametrize(
    ("member", "file", "attachment"),
    [
        ("photo", PHOTO, {"name": "photo", "contentType": "image/jpeg", "fileId": "large", "size": 1000}),
        (
            "document",
            {"file_id": "f", "file_name": "bill.pdf", "mime_type": "application/pdf", "file_size": 7},
            {"name": "bill.pdf", "contentType": "application/pdf", "fileId": "f", "size": 7},
        ),
        ("voice", {"file_id": "v"}, {"name": "voice", "contentType": "audio/ogg", "fileId": "v"}),
    ],
)
def test_a_file_is_an_attachment_with_its_caption_as_text(member: str, file: Any, attachment: dict[str, Any]) -> None:
    (draft,) = read(update(text=None, caption="see here", **{member: file})).drafts
    assert draft.data["attachments"] == [attachment]
    assert draft.data["text"] == "see here"


def test_a_bots_message_is_a_bots_line() -> None:
    members: dict[str, Any] = {"from": {"id": 1, "is_bot": True, "first_name": "Bot"}}
    (draft,) = read(update(**members)).drafts
    assert draft.data["author"]["role"] == "bot"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"update_id": 1, "poll_answer": {}}, "the update holds no message, but poll_answer"),
        ({"update_id": 1, "message": None}, "the update holds no message, but message"),
        ({"update_id": 1}, "the update holds no message, but nothing"),
        (update(text=None), "the message has no text or file"),
    ],
)
def test_what_says_nothing_is_ignored_with_its_reason(document: dict[str, Any], reason: str) -> None:
    reading = read(document)
    assert (list(reading.drafts), [note.reason for note in reading.ignored]) == ([], [reason])
    assert reading.only_ignored


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        ({}, "update_id"),
        ({"update_id": True}, "update_id"),
        (update(chat=None), "message.chat.id"),
        (update(date="today"), "message.date"),
        (update(date=10**20), "message.date"),
        (update(message_id=None), "message.message_id"),
        ({"update_id": 1, "edited_message": {}}, "edited_message.chat.id"),
        ({"update_id": 1, "callback_query": {"message": {}}}, "callback_query.id"),
        (
            {"update_id": 1, "deleted_business_messages": {"message_ids": ["7"]}},
            "deleted_business_messages.message_ids",
        ),
        (update(business_connection_id="b" * 129), "message.business_connection_id"),
    ],
)
def test_what_is_missing_or_wrong_is_named(document: Any, path: str) -> None:
    with pytest.raises(InvalidActivity) as refused:
        read(document)
    assert [mistake.path for mistake in refused.value.mistakes] == [path]


async def test_an_endless_chat_is_one_conversation_after_another() -> None:
    # Given a chat whose first conversation was ended by the agent
    pipeline = await InMemory().configured()

    async def post(document: dict[str, Any]) -> str | None:
        body = json.dumps(document).encode()
        receipt = await pipeline.receiver.receive_activity("contoso", "contoso-telegram", "telegram", body)
        await pipeline.drain()
        return receipt.conversation_id

    first = await post(update(1))
    assert first is not None
    end = {
        "specversion": "1.0", "id": "end", "source": "/agents", "type": "conversation.ended", "tenantid": "contoso",
        "subject": first, "time": format_time(NOW.replace(microsecond=0)).replace("00Z", "05Z"),
        "data": {"endedBy": "agent", "reason": "resolved"},
    }  # fmt: skip
    await pipeline.receiver.receive_events("contoso", json.dumps(end).encode())
    await pipeline.drain()
    # When Anna writes on, and Telegram sends an old update again
    second = await post(update(10))
    # Then that is the next conversation, and the old update stays in the old one
    assert (first, second) == tuple(threaded("-100", number, "contoso-telegram", "telegram") for number in (1, 2))
    assert await post(update(1)) == first
    assert len((await pipeline.reading.page("contoso", Selection(), None)).heads) == 2
