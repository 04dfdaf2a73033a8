"""A Telegram chat end to end: edits, removals, buttons, reactions, topics, and a group that gets another id."""

from typing import Any

import pytest

from tests.builders import document
from tests.functions.hosts import EVENTS, Host

TELEGRAM = "/api/tenants/contoso/channels/contoso-telegram/telegram"
TEN = 1792494000
ANNA = {"id": 4711, "is_bot": False, "first_name": "Anna"}
PRIVATE = {"id": 4711, "type": "private"}
GROUP, SUPERGROUP = {"id": -5, "type": "group"}, {"id": -100500, "type": "supergroup"}


def message(number: int, second: int, chat: Any = PRIVATE, **members: Any) -> dict[str, Any]:
    return {"message_id": number, "date": TEN + second, "chat": chat, "from": ANNA, **members}


async def post(host: Host, number: int, **members: Any) -> dict[str, Any]:
    receipt = await host.accepted(TELEGRAM, {"update_id": number, **members})
    await host.drain()
    return receipt


async def conversations(host: Host) -> dict[str, list[Any]]:
    """The texts of each conversation's lines, by its thread."""
    found = {}
    for one in (await host.shown("conversations"))["conversations"]:
        shown = await host.shown(f"conversations/{one['key']}/transcript", audience="agent")
        found[f"{one['channel']['threadId']} {one['key'][-1]}"] = [entry["text"] for entry in shown["entries"]]
    return found


async def test_an_edited_line_shows_both_texts_and_a_removed_one_is_no_more(host: Host) -> None:
    # Given a line with a file, two edits of it, posted twice, and a line that was deleted in a business chat
    file = {"document": {"file_id": "f", "file_name": "bill.pdf"}}
    receipt = await post(host, 1, message=message(7, 0, caption="at sevn", **file))
    for _ in range(2):
        await post(host, 2, edited_message=message(7, 0, caption="at seven", edit_date=TEN + 5, **file))
        await post(host, 3, edited_message=message(7, 0, caption="at eight", edit_date=TEN + 5, **file))
    key = receipt["conversation"]["key"]
    # When the transcript is read as JSON and as text
    (entry,) = (await host.shown(f"conversations/{key}/transcript", audience="agent"))["entries"]
    assert (entry["text"], [one["was"] for one in entry["changes"]]) == ("at eight", ["at sevn", "at seven"])
    address = f"/api/tenants/contoso/conversations/{key}/transcript"
    text = (await host.client.get(address, params={"audience": "agent"}, headers={"Accept": "text/plain"})).text
    assert ("at eight" in text, "at sevn" in text, "(changed)" in text) == (True, True, True)
    # Then one that was deleted shows that, without its file
    business = {"business_connection_id": "bc"}
    said = await post(host, 4, business_message=message(8, 9, caption="secret", **business, **file))
    await post(host, 5, deleted_business_messages={**business, "chat": PRIVATE, "message_ids": [8]})
    removed = await host.shown(f"conversations/{said['conversation']['key']}/transcript", audience="customer")
    assert [(one["text"], one["removed"], one["attachments"]) for one in removed["entries"]] == [(None, True, [])]
    assert "secret" not in str(removed)


async def test_an_edit_before_its_line_waits_for_it_and_an_old_one_finds_its_conversation(host: Host) -> None:
    # Given an edit that overtook its line, and an end
    await post(host, 2, edited_message=message(7, 0, text="new", edit_date=TEN + 5))
    receipt = await post(host, 1, message=message(7, 0, text="old"))
    end = document("conversation.ended", {"endedBy": "agent", "reason": "resolved"}, at="2026-10-20T11:01:00Z")
    await host.accepted(EVENTS, {**end, "subject": receipt["conversation"]["conversationId"]})
    await host.drain()
    # When the chat goes on, and the old line is edited again
    await post(host, 3, message=message(8, 100, text="later"))
    await post(host, 4, edited_message=message(7, 0, text="newest", edit_date=TEN + 120))
    # Then each line is where it was said
    assert await conversations(host) == {"4711 1": ["newest"], "4711 2": ["later"]}


async def test_an_edit_that_overtook_its_line_waits_where_the_line_will_be(host: Host) -> None:
    # Given a thread that went on, and an edit of a line from before the end, which is still on its way
    receipt = await post(host, 1, message=message(7, 0, text="first"))
    end = document("conversation.ended", {"endedBy": "agent", "reason": "resolved"}, at="2026-10-20T11:01:00Z")
    await host.accepted(EVENTS, {**end, "subject": receipt["conversation"]["conversationId"]})
    await host.drain()
    await post(host, 2, message=message(9, 100, text="later"))
    await post(host, 3, edited_message=message(8, 30, text="new", edit_date=TEN + 120))
    # When the line comes, then it shows its edit
    await post(host, 4, message=message(8, 30, text="old"))
    assert await conversations(host) == {"4711 1": ["first", "new"], "4711 2": ["later"]}


async def test_a_button_continues_the_conversation_and_a_retry_of_it_is_the_same_line(host: Host) -> None:
    await post(host, 1, message=message(7, 0, text="Hi"))
    query = {"id": "77", "from": ANNA, "data": "yes", "message": message(8, 1, **{"from": {"id": 1, "is_bot": True}})}
    for _ in range(2):
        await post(host, 2, callback_query=query)
    assert await conversations(host) == {"4711 1": ["Hi", "yes"]}


async def test_a_reaction_after_the_end_begins_nothing(host: Host) -> None:
    # Given a conversation that ended
    receipt = await post(host, 1, message=message(7, 0, text="Hi"))
    end = document("conversation.ended", {"endedBy": "agent", "reason": "resolved"}, at="2026-10-20T11:00:05Z")
    await host.accepted(EVENTS, {**end, "subject": receipt["conversation"]["conversationId"]})
    await host.drain()
    # When its customer sets a thumb under the goodbye
    thumb = {"new_reaction": [{"type": "emoji", "emoji": "👍"}], "user": ANNA}
    await post(host, 2, message_reaction={**message(8, 10), **thumb})
    # Then it is a line there, and no conversation begins
    assert await conversations(host) == {"4711 1": ["Hi", "👍"]}


async def test_topics_of_a_forum_are_threads(host: Host) -> None:
    forum = {**SUPERGROUP, "is_forum": True}
    for number, topic in enumerate([{}, {"message_thread_id": 5}, {"message_thread_id": 6}, {"message_thread_id": 5}]):
        await post(host, number, message=message(number, number, forum, text=f"{number}", **topic))
    assert await conversations(host) == {"-100500 1": ["0"], "-100500:5 1": ["1", "3"], "-100500:6 1": ["2"]}


LINK = [{"message": message(7, 5, GROUP, migrate_to_chat_id=-100500)},
        {"message": message(1, 5, SUPERGROUP, migrate_from_chat_id=-5)}]  # fmt: skip


@pytest.mark.parametrize("told", [LINK, LINK[::-1], LINK[:1], LINK[1:]])
async def test_a_group_that_gets_another_id_stays_one_conversation(host: Host, told: list[Any]) -> None:
    # Given a group, whose new id is told by the old group, by the new one, or by both
    await post(host, 1, message=message(1, 0, GROUP, text="before"))
    for number, members in enumerate(told):
        await post(host, 10 + number, **members)
    # When it goes on under the new id, with messages that are counted anew
    await post(host, 20, message=message(1, 10, SUPERGROUP, text="after"))
    await post(host, 21, edited_message=message(1, 10, SUPERGROUP, text="edited", edit_date=TEN + 20))
    assert await conversations(host) == {"-5 1": ["before", "edited"]}
    # Then it is found by both ids
    for thread in ("-5", "-100500"):
        channel = {"accountId": "contoso-telegram", "channelId": "telegram", "threadId": thread}
        answer = await host.client.post("/api/tenants/contoso/conversations/find", json={"channel": channel})
        assert len(answer.json()["conversations"]) == 1


async def test_a_conversation_that_began_under_the_new_id_ends_there_too(host: Host) -> None:
    # Given lines under both ids before the link is known
    await post(host, 1, message=message(1, 0, GROUP, text="before"))
    receipt = await post(host, 2, message=message(2, 10, SUPERGROUP, text="after"))
    await post(host, 3, **LINK[0])
    # When the newer conversation ends, and the chat goes on
    end = document("conversation.ended", {"endedBy": "agent", "reason": "resolved"}, at="2026-10-20T11:01:00Z")
    await host.accepted(EVENTS, {**end, "subject": receipt["conversation"]["conversationId"]})
    await host.drain()
    await post(host, 2, message=message(2, 10, SUPERGROUP, text="after"))
    await post(host, 4, message=message(3, 100, SUPERGROUP, text="later"))
    # Then every line stands in one conversation
    assert sorted((await conversations(host)).values()) == [["after"], ["before"], ["later"]]
