"""Whatever somebody says, presses, marks or changes on Telegram is a line in plain words, or the change of one."""

from typing import Any

import pytest

from shared.dialects.notes import NOT_SHOWN
from shared.dialects.reading import Draft, Reading
from shared.dialects.telegram import reader
from shared.dialects.telegram.notes import NOTES
from tests.builders import contoso
from tests.dialects.test_telegram import ANNA, update

PLACE = {"latitude": 52.5, "longitude": 13.4}
BANK = {"title": "Bank", "address": "Main St 1", "location": PLACE}
POLL = {"id": "1", "question": "Which card?", "options": [{"text": "Debit"}, {"text": "Credit"}]}
PAYMENT = {"currency": "EUR", "total_amount": 1250, "invoice_payload": "x"}
USERS = {"request_id": 1, "users": [{"user_id": 5, "first_name": "Bo"}, {"user_id": 6}]}
FORUM = {"id": -100500, "type": "supergroup", "is_forum": True}
PRIVATE = {"id": 4711, "type": "private", "first_name": "Anna"}
OWNER = {"id": 99, "is_bot": False, "first_name": "Olga"}
BOT = {"id": 1, "is_bot": True, "first_name": "Contoso bot"}


def read_update(document: Any) -> Reading:
    return reader.read_update(document, contoso())


def of(member: str, **members: Any) -> dict[str, Any]:
    """An update of another kind about the same message."""
    usual = update(7)
    return {"update_id": 9007, member: {**usual["message"], "chat": PRIVATE, **members}}


def only(document: Any) -> Draft:
    (draft,) = read_update(document).drafts
    return draft


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("location", PLACE, "Location: 52.5, 13.4"),
        ("venue", BANK, "Place: Bank, Main St 1, at 52.5, 13.4"),
        ("contact", {"phone_number": "+49", "first_name": "Bo", "last_name": "X"}, "Contact: Bo X, +49"),
        ("poll", POLL, "Poll: Which card?\n- Debit\n- Credit"),
        ("checklist", {"title": "To do", "tasks": [{"id": 1, "text": "call"}]}, "Checklist: To do\n- call"),
        ("dice", {"emoji": "🎲", "value": 4}, "🎲: 4"),
        ("game", {"title": "Chess", "description": "d"}, "Game: Chess, d"),
        ("invoice", {"title": "Card", **PAYMENT}, "Invoice: Card, 1250 EUR in its smallest unit"),
        ("successful_payment", PAYMENT, "Payment: 1250 EUR in its smallest unit"),
        ("refunded_payment", PAYMENT, "Refund: 1250 EUR in its smallest unit"),
        ("web_app_data", {"button_text": "Choose", "data": "card:2"}, "Choose"),
        ("web_app_data", {"data": "card:2"}, "card:2"),
        ("users_shared", USERS, "Users: Bo, 6"),
        ("users_shared", {"request_id": 1, "user_ids": [5, 6]}, "Users: 5, 6"),
        ("user_shared", {"request_id": 1, "user_id": 5}, "Users: 5"),
        ("chat_shared", {"request_id": 1, "chat_id": -5, "title": "Cards"}, "Chat: Cards"),
        ("story", {"chat": {"id": 5, "type": "private", "first_name": "Bo"}, "id": 1}, "Story of Bo"),
        ("paid_media", {"star_count": 3, "paid_media": []}, "Paid media: 3 stars"),
        ("giveaway", {"winner_count": 1}, "Giveaway"),
    ],
)
def test_whatever_is_no_text_is_said_in_plain_words_with_its_data_beside(member: str, value: Any, text: str) -> None:
    draft = only(update(text=None, **{member: value}))
    assert draft.data["text"] == text
    card = {"name": member, "contentType": f"application/vnd.telegram.{member}+json", "content": value}
    assert draft.data["attachments"] == [card]


def test_a_venue_is_said_once_and_a_web_apps_data_are_the_lines_value() -> None:
    assert [one["name"] for one in only(update(text=None, venue=BANK, location=PLACE)).data["attachments"]] == ["venue"]
    assert only(update(text=None, web_app_data={"button_text": "Choose", "data": "c:2"})).data["value"] == "c:2"


def test_a_sticker_is_a_file_that_says_its_emoji() -> None:
    draft = only(update(text=None, sticker={"file_id": "s", "emoji": "👍"}))
    assert (draft.data["text"], [one["fileId"] for one in draft.data["attachments"]]) == ("👍", ["s"])


LINK = {"type": "text_link", "url": "https://contoso.com"}


@pytest.mark.parametrize(
    ("text", "entities", "shown"),
    [
        ("see here now", [{**LINK, "offset": 4, "length": 4}], "see here (https://contoso.com) now"),
        ("👍 here", [{**LINK, "offset": 3, "length": 4}], "👍 here (https://contoso.com)"),
        ("ab", [{**LINK, "offset": 1, "length": 1}, {**LINK, "offset": 0, "length": 1}],
         "a (https://contoso.com)b (https://contoso.com)"),
        ("👍", [{**LINK, "offset": 0, "length": 1}], "👍"),
        ("ab", [{**LINK, "offset": 0, "length": 9}], "ab"),
        ("ab", [{"type": "bold", "offset": 0, "length": 1}, 7, {**LINK, "offset": "0"}], "ab"),
    ],
)  # fmt: skip
def test_the_address_behind_words_is_shown(text: str, entities: list[Any], shown: str) -> None:
    assert only(update(text=text, entities=entities)).data["text"] == shown
    photo = update(text=None, caption=text, caption_entities=entities, photo=[{"file_id": "p"}])
    assert only(photo).data["text"] == shown


def test_a_line_names_what_it_answers_quotes_and_forwards() -> None:
    asked = {"message_id": 6, "chat": {"id": -100}}
    draft = only(update(reply_to_message=asked, quote={"text": "card"}, forward_origin={"sender_user": {"id": 5}}))
    assert [draft.data[name] for name in ("replyToId", "quote", "forwardedFrom")] == ["message:6", "card", "5"]
    for origin, name in (
        ({"forward_origin": {"sender_user_name": "Bo"}}, "Bo"),
        ({"forward_origin": {"chat": {"id": -5, "title": "News"}}}, "News"),
        ({"forward_from": {"id": 5, "first_name": "Bo"}}, "Bo"),
        ({"forward_sender_name": "Bo"}, "Bo"),
    ):
        assert only(update(**origin)).data["forwardedFrom"] == name
    assert "forwardedFrom" not in only(update(sender_chat={"id": -5, "title": "News"})).data


@pytest.mark.parametrize("kind", ["edited_message", "edited_business_message", "edited_channel_post"])
def test_an_edit_changes_the_line_of_its_message(kind: str) -> None:
    posted = {"edited_message": "message"}.get(kind, kind.removeprefix("edited_"))
    said, edited = of(posted), of(kind, text="Hallo!", edit_date=update(60)["message"]["date"])
    reading, line = read_update({**edited, "update_id": 9099}), read_update(said)
    (draft,) = reading.drafts
    assert (draft.id, draft.type) == ("update:9099", "message.changed")
    assert (draft.data["messageId"], draft.data["text"]) == (line.drafts[0].id, "Hallo!")
    # It is placed where the line was said, and counts when it was made; of two in a second the later update counts.
    assert (reading.thread_id, reading.line_time, reading.begins) == (line.thread_id, line.time, "never")
    assert (reading.time != line.time, draft.data["sequence"]) == (True, 9099)
    assert draft.data["author"] == line.drafts[0].data["author"]


def test_a_caption_that_was_taken_away_leaves_the_file() -> None:
    draft = only(of("edited_message", text=None, photo=[{"file_id": "p"}]))
    assert (draft.data["text"], [one["fileId"] for one in draft.data["attachments"]]) == ("", ["p"])


def test_deleted_messages_of_a_business_chat_are_removed_lines() -> None:
    deleted = {"business_connection_id": "bc", "chat": PRIVATE, "message_ids": [7, 8]}
    reading = read_update({"update_id": 9001, "deleted_business_messages": deleted})
    removed = [(draft.id, draft.data["messageId"], draft.data["removed"]) for draft in reading.drafts]
    assert removed == [("update:9001:7", "message:7", True), ("update:9001:8", "message:8", True)]
    assert (reading.thread_id, reading.time, reading.begins) == ("bc:4711", None, "never")


def test_a_business_chat_has_a_thread_of_its_own_and_its_owner_is_an_agent() -> None:
    customers, owners = read_update(of("business_message", business_connection_id="bc")), read_update(
        of("business_message", business_connection_id="bc", **{"from": OWNER})
    )  # fmt: skip
    bots = read_update(of("business_message", business_connection_id="bc", sender_business_bot=BOT, **{"from": OWNER}))
    said = [(one.thread_id, one.drafts[0].data["author"]["role"], one.begins) for one in (customers, owners, bots)]
    assert said == [("bc:4711", "customer", "always"), ("bc:4711", "agent", "ifFirst"), ("bc:4711", "bot", "ifFirst")]
    # and whoever writes, the customer is whom the chat is with
    assert {(one.customer.id) for one in (customers, owners, bots)} == {"4711"}


def test_a_post_in_a_channel_is_a_line_of_the_channel_and_an_anonymous_admin_is_no_bot() -> None:
    group = {"id": -100500, "type": "supergroup", "title": "Cards"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    for document in (
        of("channel_post", chat=group, sender_chat=group, **{"from": None}),
        of("message", chat=group, sender_chat=group, **{"from": anonymous}),
    ):
        assert only(document).data["author"] == {"role": "customer", "id": "-100500", "name": "Cards"}


@pytest.mark.parametrize(
    ("members", "thread"),
    [
        ({"chat": FORUM, "message_thread_id": 12, "is_topic_message": True}, "-100500:12"),
        ({"chat": FORUM, "message_thread_id": 12}, "-100500:12"),
        ({"chat": FORUM, "message_thread_id": 12, "reply_to_message": {"message_id": 12}}, "-100500"),
        ({"chat": FORUM}, "-100500"),
        ({"chat": {**FORUM, "is_forum": False}, "message_thread_id": 12}, "-100500"),
        ({"chat": {"id": -100500, "type": "supergroup"}, "message_thread_id": 12}, "-100500"),
    ],
)
def test_only_a_forums_topic_is_a_thread_of_its_own(members: dict[str, Any], thread: str) -> None:
    assert read_update(of("message", **members)).thread_id == thread
    pressed = {"id": "7", "from": ANNA, "data": "x", "message": {**of("message", **members)["message"]}}
    assert read_update({"update_id": 1, "callback_query": pressed}).thread_id == thread


def test_a_topics_first_message_is_no_line_that_others_answer() -> None:
    topic = {"message_id": 12, "forum_topic_created": {"name": "Cards"}}
    members: dict[str, Any] = {"chat": FORUM, "message_thread_id": 12, "is_topic_message": True}
    assert "replyToId" not in only(of("message", reply_to_message=topic, **members)).data


KEYBOARD = {
    "inline_keyboard": [[{"text": "Debit", "callback_data": "c:1"}, {"text": "Credit", "callback_data": "c:2"}]]
}


def pressed(**members: Any) -> dict[str, Any]:
    message = {"message_id": 6, "date": 0, "chat": PRIVATE, "from": BOT, "reply_markup": KEYBOARD}
    query = {"id": "77", "from": ANNA, "chat_instance": "1", "data": "c:2", "message": message, **members}
    return {"update_id": 9001, "callback_query": query}


def test_a_pressed_button_is_the_customers_answer() -> None:
    reading = read_update(pressed())
    (draft,) = reading.drafts
    assert (draft.id, draft.type, reading.begins) == ("callback:77", "message.posted", "always")
    assert draft.data["author"] == {"role": "customer", "id": "4711", "name": "Anna B."}
    assert (draft.data["text"], draft.data["value"], draft.data["replyToId"]) == ("Credit", "c:2", "message:6")
    # Telegram does not tell when it was pressed, least of all by the message's own time.
    assert (reading.time, reading.thread_id) == (None, "4711")


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"data": "c:9"}, "c:9"),
        ({"message": {"message_id": 6, "date": 0, "chat": PRIVATE}}, "c:2"),
        ({"data": None, "game_short_name": "chess"}, "chess"),
    ],
)
def test_a_button_whose_words_are_unknown_says_its_data(members: dict[str, Any], text: str) -> None:
    assert only(pressed(**members)).data["text"] == text


def test_a_reaction_is_a_line_that_asks_nobody() -> None:
    reaction = {"chat": PRIVATE, "message_id": 6, "user": ANNA, "date": 1792494000}
    shown = [{"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "5"}, {"type": "paid"}]
    reading = read_update({"update_id": 9001, "message_reaction": {**reaction, "new_reaction": shown}})
    (draft,) = reading.drafts
    assert (draft.data["text"], draft.data["reaction"]) == ("👍 a custom emoji ⭐", True)
    assert (draft.data["replyToId"], reading.begins) == ("message:6", "ifFirst")


@pytest.mark.parametrize(
    "members",
    [
        {"chat": {"id": -5, "type": "group"}, "migrate_to_chat_id": -100500},
        {"chat": {"id": -100500, "type": "supergroup"}, "migrate_from_chat_id": -5},
    ],
)
def test_both_ids_of_a_group_that_got_another_one_are_one_thread(members: dict[str, Any]) -> None:
    reading = read_update(of("message", text=None, **members))
    assert (reading.continues, reading.thread_id, list(reading.drafts)) == ("-5", "-100500", [])
    # and the messages of the new one, which are counted anew, are other lines
    old, new = ({"id": -5, "type": "group"}, {"id": -100500, "type": "supergroup"})
    assert only(of("message", chat=old)).id != only(of("message", chat=new)).id


def ignored(reading: Reading) -> list[str]:
    assert list(reading.drafts) == []
    return [note.code for note in reading.ignored]


def test_what_the_chat_reports_is_a_note_and_an_update_that_may_say_something_a_warning() -> None:
    assert ignored(read_update(update(text=None, new_chat_members=[ANNA]))) == ["service_message"]
    # and so are updates of other kinds: a member who comes says nothing, a vote and what is not known may
    assert ignored(read_update({"update_id": 1, "my_chat_member": {}})) == ["update_without_message"]
    assert ignored(read_update({"update_id": 1, "poll_answer": {}})) == ["update_not_understood"]
    assert ignored(read_update({"update_id": 1, "hologram_message": {"text": "hi"}})) == ["update_not_understood"]
    assert {code: NOTES[code][0] for code in ("update_without_message", "update_not_understood")} == {
        "update_without_message": "info",
        "update_not_understood": "warning",
    }


def test_what_nobody_understands_is_a_line_with_a_warning() -> None:
    # given a message of a kind that Telegram has had for a short time only
    reading = read_update(update(text=None, hologram={"file_id": "h"}))
    # then somebody said something, and waits for an answer
    [draft] = reading.drafts
    assert (draft.data["author"]["role"], draft.data["text"], reading.begins) == ("customer", NOT_SHOWN, "always")
    assert [note.code for note in reading.notes] == ["message_not_understood"]


def test_ids_of_any_length_fit_an_event() -> None:
    number = int("9" * 300)
    long = update(message_id=number)
    assert len(only({**long, "update_id": number}).id) <= 128
    edited = only({"update_id": number, "edited_message": long["message"]})
    assert (edited.data["messageId"], len(edited.id) <= 128) == (only(long).id, True)
