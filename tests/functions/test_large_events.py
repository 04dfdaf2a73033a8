"""What is too large for an event: taken at every ingress, read whole, downloaded byte for byte, and never a 5xx."""

import base64
import json
from typing import Any

import pytest

from shared.events.codec import MAX_EVENT_BYTES, encode_event
from tests.builders import document, threaded
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, bot_activity, problem
from tests.seeds import SUMMARY

AT = "2026-10-20T11:00:00Z"
ID = threaded()
BOT = {"role": "bot", "id": "contoso-bot"}
FILE = bytes(range(256)) * 2400
URL = "data:image/png;base64," + base64.b64encode(FILE).decode()
CREDIT_CARD = {"BotHandoffTopic": "CreditCard"}


def history(lines: int = 920) -> list[dict[str, Any]]:
    return [{"id": f"h{n}", "author": BOT, "text": f"{n} " + "x" * 900} for n in range(lines)]


def escalation(conversation: str | None = "c1", **data: Any) -> dict[str, Any]:
    said = {"botId": "contoso-bot", "summary": SUMMARY, "contextVariables": CREDIT_CARD, "transcript": history()}
    return document("bot.escalated", {**said, **data}, conversation, AT, event_id="e1")


def begun(conversation: str = "c1") -> dict[str, Any]:
    said = {"channel": {"accountId": "contoso-app", "channelId": "app"}, "customer": {"id": "u"}}
    return document("conversation.started", said, conversation, "2026-10-20T10:59:00Z")


def line(text: str | None = "Hello", **data: Any) -> dict[str, Any]:
    said = {"author": {"role": "customer", "id": "u"}, "text": text, **data}
    return document("message.posted", said, "c1", AT, event_id="m1")


async def transcript(host: Host, key: str = "c1") -> list[dict[str, Any]]:
    address = f"conversations/{key}/transcript"
    page = await host.shown(address, audience="agent")
    entries: list[dict[str, Any]] = page["entries"]
    while page["continuation"] is not None:
        page = await host.shown(address, audience="agent", continuation=page["continuation"])
        entries += page["entries"]
    return entries


async def emptied(host: Host) -> None:
    """Lose what is kept apart, as if somebody had deleted it."""
    await host.pipeline.database.write(lambda connection: connection.execute("DELETE FROM overflow"))


def kept(host: Host) -> int:
    (row,) = host.pipeline.database.query("SELECT COUNT(*) AS n FROM overflow")
    return int(row["n"])


@pytest.mark.parametrize("as_batch", [False, True])
async def test_an_escalation_of_900_kb_reaches_its_queue_with_its_whole_history(host: Host, as_batch: bool) -> None:
    # Given a line that the history holds, too, and an escalation that fills a body
    known = document("message.posted", {"author": BOT, "text": "0 known"}, "c1", "2026-10-20T10:59:30Z", event_id="h0")
    await host.accepted(EVENTS, [begun(), known])
    sent = escalation()
    assert 900_000 < len(json.dumps(sent)) < 1024 * 1024
    # When it is posted, twice, and delivered
    for _ in range(2):
        receipt = await host.accepted(EVENTS, [sent] if as_batch else sent)
        assert (receipt["accepted"], receipt["rejected"]) == (["e1"], [])
    await host.drain()
    # Then the conversation is in the queue of its variables, once
    assert (await host.shown("conversations/c1"))["queue"] == "CreditCardQueue"
    assert len((await host.shown("conversations/c1/routing"))["decisions"]) == 2
    assert (await host.shown("parked"))["parked"] == []
    # and its transcript is whole: the known line once, the others marked, the summary last
    entries = await transcript(host)
    assert [entry["text"] for entry in entries] == ["0 known", *(one["text"] for one in history()[1:]), SUMMARY]
    assert {entry["origin"] for entry in entries[1:-1]} == {"botHistory"}
    assert kept(host) == 1


async def test_a_hand_off_at_a_webhook_with_a_long_history_is_taken(host: Host) -> None:
    # Given a hand-off whose attached history is longer than an event may be
    said = [activity(id=f"h{n}", text=f"{n} " + "x" * 1000) for n in range(300)]
    attached = {"name": "Transcript", "contentType": "application/json", "content": {"activities": said}}
    hand_off = bot_activity(type="event", name="handoff.initiate", text=None, value=CREDIT_CARD, attachments=[attached])
    # When it is posted, and posted again
    for _ in range(2):
        await host.accepted(WEB_CHAT, hand_off)
    for event in await host.published():
        assert len(encode_event(event)) <= MAX_EVENT_BYTES
        await host.pipeline.deliveries.deliver(encode_event(event))
    # Then agents read every line of it
    assert [entry["text"] for entry in await transcript(host, ID)] == [one["text"] for one in said]
    assert (await host.shown(f"conversations/{ID}"))["queue"] == "CreditCardQueue"


async def test_a_bot_that_knows_only_the_thread_hands_a_long_history_over(host: Host) -> None:
    # Given a customer in a thread, and a bot that names the thread only
    await host.accepted(WEB_CHAT, activity(timestamp="2026-10-20T10:59:00Z"))
    await host.drain()
    channel = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "thread-1"}
    # When it escalates, three times, of which one arrives after all was recorded
    for _ in range(2):
        await host.accepted(EVENTS, escalation(None, channel=channel))
    await host.drain()
    await host.accepted(EVENTS, escalation(None, channel=channel))
    await host.drain()
    # Then its history is in the thread's conversation, and nowhere else
    assert len(await transcript(host, ID)) == 1 + len(history()) + 1
    (row,) = host.pipeline.database.query("SELECT place FROM overflow")
    assert row["place"] == ID


async def test_a_long_text_is_whole_for_everybody(host: Host) -> None:
    text = "🙂" * 80_000
    await host.accepted(EVENTS, [begun(), line(text, replyToId="m0")])
    await host.drain()
    for audience in ("customer", "agent"):
        (entry,) = (await host.shown("conversations/c1/transcript", audience=audience))["entries"]
        assert (entry["text"], "missing" in entry) == (text, False)


async def test_a_large_file_inside_an_activity_is_downloaded_byte_for_byte(host: Host) -> None:
    # Given an image inside a webhook's activity
    image = {"name": 'Zoë "1".png', "contentType": "image/png", "contentUrl": URL}
    await host.accepted(WEB_CHAT, activity(timestamp=AT, attachments=[image]))
    await host.drain()
    # When its address is followed from the transcript's own
    address = f"/api/tenants/contoso/conversations/{ID}/transcript"
    answer = await host.client.get(address)
    (attachment,) = answer.json()["entries"][0]["attachments"]
    file = await host.client.get(str(answer.url.join(attachment["url"])))
    # Then it is the file, and no browser shows it
    assert (file.status_code, file.content) == (200, FILE)
    assert (attachment["size"], file.headers["content-type"]) == (len(FILE), "image/png")
    name = file.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert name == "Zo%C3%AB%20%221%22.png"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in file.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("kind", "answered"),
    [("text/html;charset=utf-8", "text/html"), ("x\r\nSet-Cookie: a=b", "application/octet-stream"), ("", "image/png"),
     ("ü/ü", "application/octet-stream")],
)  # fmt: skip
async def test_the_type_that_a_sender_claims_is_answered_where_it_is_one(host: Host, kind: str, answered: str) -> None:
    url = f"data:{kind};base64," + base64.b64encode(FILE).decode()
    await host.accepted(EVENTS, [begun(), line(attachments=[{"name": "f", "contentType": "image/png", "url": url}])])
    await host.drain()
    (attachment,) = (await transcript(host))[0]["attachments"]
    file = await host.client.get(f"/api/tenants/contoso/conversations/c1/{attachment['url']}")
    assert (file.status_code, file.headers["content-type"].partition(";")[0]) == (200, answered)
    assert "set-cookie" not in file.headers


async def test_a_large_card_is_downloaded_as_json_and_many_small_ones_are_whole(host: Host) -> None:
    # Given a large card beside one with an address of its own, and very many small ones
    large = {"name": "large", "contentType": "x/card", "content": {"body": ["x" * 300_000]}}
    linked = {"name": "linked", "contentType": "x/card", "url": "https://x.example/1", "content": "y" * 250_000}
    await host.accepted(EVENTS, [begun(), line(attachments=[large, linked])])
    small = [{"name": f"{n}", "contentType": "x/card", "content": {"n": "x" * 3000}} for n in range(100)]
    await host.accepted(EVENTS, {**line(attachments=small), "id": "m2", "time": "2026-10-20T11:00:01Z"})
    await host.drain()
    # Then the large one is a file, the link stays, and the small ones are as they came
    first, second = await transcript(host)
    one, other = first["attachments"]
    card = await host.client.get(f"/api/tenants/contoso/conversations/c1/{one['url']}")
    assert (card.json(), card.headers["content-type"]) == (large["content"], "application/json")
    assert other["url"] == "https://x.example/1"
    content = await host.client.get(
        f"/api/tenants/contoso/conversations/c1/attachments/{other['claimChecks']['content']['sha256']}"
    )
    assert content.json() == linked["content"]
    assert [one["content"] for one in second["attachments"]] == [one["content"] for one in small]


async def test_another_conversations_and_another_tenants_attachments_are_unknown(host: Host) -> None:
    # Given a file in one conversation, and a conversation beside it
    image = {"name": "f", "contentType": "image/png", "url": URL}
    await host.accepted(EVENTS, [begun(), begun("c2"), line(attachments=[image], value="x" * 100)])
    await host.accepted(EVENTS, escalation("c2"))
    await host.drain()
    (attachment,) = (await transcript(host))[0]["attachments"]
    history_of_c2 = (host.pipeline.database.query("SELECT sha256 FROM overflow WHERE place = 'c2'"))[0]["sha256"]
    # When it is asked for elsewhere, or something that is no attachment is
    for tenant, path, code in (
        ("contoso", f"c2/{attachment['url']}", "unknown_attachment"),
        ("contoso", f"c2/attachments/{history_of_c2}", "unknown_attachment"),
        ("contoso", "c1/attachments/..%2F..", "unknown_attachment"),
        ("contoso", f"c3/{attachment['url']}", "unknown_conversation"),
        ("fabrikam", f"c1/{attachment['url']}", "unknown_conversation"),
    ):
        answer = await host.client.get(f"/api/tenants/{tenant}/conversations/{path}")
        # Then nobody is told that it exists
        assert answer.status_code == 404
        assert (code == "unknown_attachment" and "%2F" in path) or problem(answer)["code"] == code


async def test_what_is_lost_is_said_to_be_lost(host: Host) -> None:
    # Given a long text, a file, and a long history, whose contents somebody deleted
    image = {"name": "f", "contentType": "image/png", "url": URL}
    await host.accepted(EVENTS, [begun(), line("x" * 250_000)])
    await host.accepted(EVENTS, {**line(attachments=[image]), "id": "m2"})
    await host.accepted(EVENTS, {**escalation(), "time": "2026-10-20T11:01:00Z"})
    await host.drain()
    (attachment,) = [one for entry in await transcript(host) for one in entry["attachments"]]
    await emptied(host)
    # Then every other line is there, each line names what it lacks, and the state is what it was
    entries = await transcript(host)
    assert sorted(entry.get("missing", []) for entry in entries) == [[], ["text"], ["transcript"]]
    assert entries[-1]["text"] == SUMMARY
    assert (await host.shown("conversations/c1"))["queue"] == "CreditCardQueue"
    answer = await host.client.get(f"/api/tenants/contoso/conversations/c1/{attachment['url']}")
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_attachment")


async def test_an_event_that_was_too_large_for_the_bus_is_replayed_as_it_is(host: Host) -> None:
    # Given a bot that sent 230 KB to the bus itself
    await host.accepted(EVENTS, begun())
    await host.drain()
    body = json.dumps(escalation(transcript=history(240))).encode()
    assert MAX_EVENT_BYTES < len(body) < 256 * 1024
    await host.pipeline.deliveries.deliver(body)
    (parked,) = (await host.shown("parked"))["parked"]
    assert parked["code"] == "event_too_large"
    # When it is replayed, then it is taken as at an ingress
    assert await host.accepted(f"/api/tenants/contoso/parked/{parked['id']}/replay", b"") == {"accepted": ["e1"]}
    await host.drain()
    assert len(await transcript(host)) == 241
    assert (await host.shown("parked"))["parked"] == []


async def test_a_removed_lines_file_is_downloaded_no_more(host: Host) -> None:
    # Given a line with a file that is kept apart
    url = "data:image/png;base64," + base64.b64encode(bytes(200_000)).decode()
    await host.accepted(EVENTS, line(attachments=[{"name": "z.png", "contentType": "image/png", "url": url}]))
    await host.drain()
    ((entry,), address) = await transcript(host), "/api/tenants/contoso/conversations/c1"
    file = f"{address}/{entry['attachments'][0]['url']}"
    assert (await host.client.get(file)).status_code == 200
    # When the line is removed, then its file is neither shown nor given
    removal = document("message.changed", {"messageId": "m1", "removed": True}, "c1", AT, event_id="r1")
    await host.accepted(EVENTS, removal)
    await host.drain()
    assert [one["attachments"] for one in await transcript(host)] == [[]]
    answer = await host.client.get(file)
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_attachment")


async def test_the_large_text_of_a_change_is_kept_apart_and_shown(host: Host) -> None:
    await host.accepted(EVENTS, line("short"))
    change = document("message.changed", {"messageId": "m1", "text": "x" * 300_000}, "c1", AT, event_id="r1")
    await host.accepted(EVENTS, change)
    await host.drain()
    (entry,) = await transcript(host)
    assert (len(entry["text"]), entry["changes"][0]["was"]) == (300_000, "short")
    # When its content is lost, then that is said
    await emptied(host)
    (entry,) = await transcript(host)
    assert (entry["text"], entry["missing"]) == (None, ["text"])
