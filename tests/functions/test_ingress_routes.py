"""The two ingress: what is accepted is on the bus, what is refused is answered with the member that is at fault."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.events.codec import event_from
from shared.events.notes import EventNote, notes_attribute
from shared.events.stamp import Stamp, stamp_of
from tests.builders import document, message_document
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, paths, problem
from tests.seeds import TEXT

OWN = "/api/tenants/contoso/channels/contoso-app/app"
AT = "2026-10-20T11:00:00Z"
CUSTOMER = {"role": "customer", "id": "customer-1"}


def line(event_id: str = "m1", conversation: str | None = "c1", **data: Any) -> dict[str, Any]:
    said = {"author": CUSTOMER, "text": TEXT, **data}
    return document("message.posted", said, conversation, AT, event_id=event_id)


async def test_a_single_event_is_accepted_and_is_on_the_bus_as_it_was_sent(host: Host) -> None:
    # Given an event with members that we do not know
    sent = line(unknown={"a": [1, None]}) | {"traceparent": "00-1", "time": "2026-10-20T13:00:00.1234567+02:00"}
    # When it is posted, then its id is answered, and the bus has all of it, with a note and the stamp of its request
    assert await host.accepted(EVENTS, sent) == {"accepted": ["m1"], "rejected": []}
    noted = notes_attribute([EventNote("unknown_member", "data.unknown")])
    stamped = event_from(sent | noted | Stamp(host.clock.now()).attributes())
    assert [event.to_json() for event in await host.published()] == [stamped.to_json()]


async def test_a_sender_cannot_say_when_its_request_came(host: Host) -> None:
    sent = line() | Stamp(host.clock.now() - timedelta(days=1), 7).attributes()
    await host.accepted(EVENTS, sent)
    assert [stamp_of(event.attributes) for event in await host.published()] == [Stamp(host.clock.now())]


async def test_every_type_of_event_is_accepted(host: Host) -> None:
    channel = {"accountId": "contoso-app", "channelId": "app"}
    events = [
        document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at=AT, event_id="1"),
        line("2"),
        document("bot.escalated", {"botId": "contoso-bot"}, at=AT, event_id="3"),
        document("inactivity.timeout", {"dueAt": AT}, at=AT, event_id="4"),
        document("conversation.ended", {"endedBy": "agent", "reason": "resolved"}, at=AT, event_id="5"),
        document("message.changed", {"messageId": "2", "removed": True}, at=AT, event_id="6"),
    ]
    assert await host.accepted(EVENTS, events) == {"accepted": list("123456"), "rejected": []}
    assert [event.type for event in await host.published()] == [event["type"] for event in events]


async def test_in_a_batch_each_event_is_accepted_or_rejected_on_its_own(host: Host) -> None:
    # Given a batch in which every second event is wrong in its own way
    wrong_role = line("w1", author={"role": "owner", "id": "u"})
    foreign = line("w2") | {"tenantid": "fabrikam"}
    large = line("w3", author={"role": "customer", "id": "u", "name": "x" * 210_000})
    batch = [line("r1"), wrong_role, line("r2"), foreign, line("r3"), large, line("r4"), 7]
    # When it is posted
    receipt = await host.accepted(EVENTS, batch)
    # Then the right ones are accepted, and the others named by place, code, detail and member
    assert receipt["accepted"] == ["r1", "r2", "r3", "r4"]
    assert [(one["index"], one["code"], [error["path"] for error in one["errors"]]) for one in receipt["rejected"]] == [
        (1, "invalid_event", ["data.author.role"]),
        (3, "invalid_event", ["tenantid"]),
        (5, "event_too_large", ["data.author"]),
        (7, "invalid_event", [""]),
    ]
    assert all(one["detail"] for one in receipt["rejected"])
    assert [event.id for event in await host.published()] == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("batch", [[], [{}], [None, [], "x"]])
async def test_a_batch_with_nothing_right_in_it_publishes_nothing(host: Host, batch: list[Any]) -> None:
    receipt = await host.accepted(EVENTS, batch)
    assert (receipt["accepted"], [one["index"] for one in receipt["rejected"]]) == ([], list(range(len(batch))))
    assert await host.published() == []


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (message_document(type="message.sent"), ["type"]),
        (message_document(specversion="0.3"), ["specversion"]),
        (message_document(time="yesterday"), ["time"]),
        (message_document(id="x" * 129, source=""), ["id", "source"]),
        (message_document(subject="x" * 257), ["subject"]),
        (message_document(data={}), ["data.author"]),
        (message_document(data={"author": {"role": "bot"}, "attachments": [{"size": -1}]}),
         ["data.attachments[0].contentType", "data.attachments[0].name", "data.attachments[0].size", "data.author.id"]),
        (message_document(tenantid="fabrikam"), ["tenantid"]),
        ({}, ["type"]),
        (None, [""]),
        (b"", [""]),
        (b"{", [""]),
        (b"\xff\xfe", [""]),
        (b'{"a": NaN}', [""]),
        (b'{"type": "message.posted", "id": "\\ud800"}', ["id"]),
    ],
)  # fmt: skip
async def test_a_wrong_event_is_refused_by_the_path_of_each_mistake(host: Host, sent: Any, expected: list[str]) -> None:
    body = {"content": sent} if isinstance(sent, bytes) else {"json": sent}
    assert paths(await host.client.post(EVENTS, **body)) == expected
    assert await host.published() == []


async def test_an_event_without_subject_names_its_channels_thread(host: Host) -> None:
    # Given a channel's own conversation, begun at its webhook
    started, _ = (await host.accepted(WEB_CHAT, activity()))["accepted"]
    await host.drain()
    # When a bot that knows nothing but the thread escalates
    channel = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "thread-1"}
    data = {"botId": "contoso-bot", "channel": channel, "contextVariables": {"BotHandoffTopic": "CreditCard"}}
    await host.accepted(EVENTS, document("bot.escalated", data, None, "2026-10-20T11:01:00Z"))
    await host.drain()
    # Then the thread's conversation is routed anew, and there is no other one
    (only,) = (await host.shown("conversations"))["conversations"]
    assert (only["queue"], only["channel"], started[:7]) == ("CreditCardQueue", channel, "started")
    # and without either, the event is refused
    refused = await host.client.post(EVENTS, json=document("bot.escalated", {"botId": "contoso-bot"}, None, AT))
    assert "subject" in problem(refused)["detail"]


async def test_an_event_that_is_too_large_is_refused(host: Host) -> None:
    sent = document("bot.escalated", {"botId": "contoso-bot", "contextVariables": {"Large": "x" * 205_000}}, at=AT)
    answer = await host.client.post(EVENTS, json=sent)
    assert (answer.status_code, problem(answer)["code"]) == (413, "event_too_large")
    assert [mistake["path"] for mistake in answer.json()["errors"]] == ["data.contextVariables"]


async def test_what_is_too_late_is_refused_by_the_member_that_says_the_time(host: Host) -> None:
    # Given payloads that are older than the tenant keeps conversations
    old = activity(timestamp="2019-10-20T11:00:00Z")
    said = {"message_id": 7, "date": 1571569200, "chat": {"id": -3}, "from": {"id": 4}, "text": "Hi"}
    telegram = "/api/tenants/contoso/channels/contoso-telegram/telegram"
    reason = "2019-10-20T11:00:00+00:00 is more than the retention of 365 days ago"
    # When they are posted, then each is refused, naming the member of its own dialect
    for path, sent, member in [
        (WEB_CHAT, old, "timestamp"),
        (telegram, {"update_id": 1, "message": said}, "message.date"),
    ]:
        refused = problem(await host.client.post(path, json=sent))
        assert (refused["status"], refused["code"]) == (422, "too_late")
        assert (refused["errors"], refused["detail"]) == ([{"path": member, "reason": reason}], f"{member}: {reason}")
    # and one of a set is rejected so, too
    (rejected,) = (await host.accepted(WEB_CHAT, [old]))["rejected"]
    assert (rejected["code"], rejected["errors"]) == ("too_late", [{"path": "timestamp", "reason": reason}])


async def test_the_tenant_of_the_address_must_be_known(host: Host) -> None:
    for path in ("/api/tenants/nobody/events", "/api/tenants/nobody/channels/contoso-chat/webchat"):
        answer = await host.client.post(path, json=line())
        assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    "address", ["contoso-chat/telegram", "nobody/webchat", "Contoso-chat/webchat", "fabrikam-web/webchat", "%01/%F0%9F"]
)
async def test_account_and_channel_of_the_address_must_be_known(host: Host, address: str) -> None:
    answer = await host.client.post(f"/api/tenants/contoso/channels/{address}", json=activity())
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_account")


async def test_a_channel_that_is_nearly_a_declared_one_is_named(host: Host) -> None:
    # Given what nearly is the name of a channel: in the address, in an event without a subject, and in a question
    near = {"accountId": "contoso-ap", "channelId": "app"}
    event = line(conversation=None, channel={**near, "threadId": "t"})
    for path, sent, meant in [
        ("/api/tenants/contoso/channels/contoso-chat/webchta", activity(), "contoso-chat/webchat"),
        (EVENTS, event, "contoso-app/app"),
        ("/api/tenants/contoso/conversations/find", {"channel": {**near, "threadId": "t"}}, "contoso-app/app"),
        ("/api/tenants/contoso/diagnose?account=Contoso-Chat&channel=webchat", activity(), "contoso-chat/webchat"),
    ]:
        # When it is posted, then the refusal names the declared one
        refused = problem(await host.client.post(path, json=sent))
        assert refused["code"] == "unknown_account"
        assert refused["detail"].endswith(f"is configured; did you mean {meant!r}?")
    # and none of another tenant
    answer = await host.client.post("/api/tenants/contoso/channels/fabrikam-web/webchat", json=activity())
    assert "did you mean" not in problem(answer)["detail"]


async def test_a_telegram_account_posts_updates(host: Host) -> None:
    # Given the Telegram account that the example declares
    path = "/api/tenants/contoso/channels/contoso-telegram/telegram"
    said = {
        "message_id": 7,
        "date": 1792494000,
        "chat": {"id": -3},
        "from": {"id": 4, "first_name": "Zoë"},
        "text": "Hi",
    }
    # When it posts a message, twice, and something else
    for _ in range(2):
        receipt = await host.accepted(path, {"update_id": 1, "message": said})
    other = await host.accepted(path, {"update_id": 2, "poll_answer": {"poll_id": "1"}})
    await host.drain()
    # Then the message is one line of its chat's conversation, and the other is ignored with the reason
    (entry,) = (await host.shown(f"conversations/{receipt['conversation']['key']}/transcript"))["entries"]
    assert (entry["text"], entry["author"]["name"], entry["time"]) == ("Hi", "Zoë", "2026-10-20T11:00:00Z")
    assert (other["accepted"], "poll_answer" in other["ignored"][0]["reason"]) == ([], True)
    # and what is no update is refused by the member at fault
    assert paths(await host.client.post(path, json={"message": said})) == ["update_id"]


async def test_a_payload_of_another_dialect_is_refused_by_the_name_of_what_it_looks_like(host: Host) -> None:
    # Given payloads at ingresses that read something else
    update = {"update_id": 1, "message": {"message_id": 7}}
    telegram = "/api/tenants/contoso/channels/contoso-telegram/telegram"
    an_activity = "looks like a Bot Framework activity (botFramework)"
    for path, sent, said in [
        (WEB_CHAT, update, "looks like a Telegram update (telegram), but a Bot Framework activity is read here"),
        (telegram, activity(), f"{an_activity}, but a Telegram update is read here"),
        (telegram, line(), "looks like a CloudEvent (cloudEvents), but a Telegram update is read here"),
        (EVENTS, activity(), f"{an_activity}, but a CloudEvent is read here"),
        (WEB_CHAT, {"destination": "U1", "events": []}, "is a webhook of LINE, which no account reads"),
    ]:
        # When they are posted, then the refusal says first what they look like, and then what is missing
        first, *others = problem(await host.client.post(path, json=sent))["errors"]
        assert first == {"path": "", "reason": said}
        assert others
    # and of what is only wrong nothing is guessed
    assert paths(await host.client.post(telegram, json={"update_id": 1, "message": {}}))[0] != ""
    assert paths(await host.client.post(WEB_CHAT, json={"hello": 1}))[0] != ""


async def test_an_account_of_ones_own_posts_events(host: Host) -> None:
    # Given events that name the channel of the address, or none
    channel = {"accountId": "contoso-app", "channelId": "app"}
    start = document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at=AT, event_id="s1")
    assert (await host.accepted(OWN, [start, line()]))["accepted"] == ["s1", "m1"]
    # When one names another channel, then it is refused
    other = document("conversation.started", {"channel": channel | {"channelId": "web"}, "customer": {"id": "u"}})
    assert paths(await host.client.post(OWN, json=other)) == ["data.channel"]


async def test_in_a_batch_an_event_of_another_channel_is_rejected_alone(host: Host) -> None:
    # Given a batch of an account of one's own, in which one event names another channel
    elsewhere = line("w1", channel={"accountId": "contoso-app", "channelId": "web"})
    receipt = await host.accepted(OWN, [line("r1"), elsewhere, line("r2")])
    # Then it is rejected by its place, and costs the others nothing
    assert receipt["accepted"] == ["r1", "r2"]
    assert [(one["index"], one["errors"][0]["path"]) for one in receipt["rejected"]] == [(1, "data.channel")]


async def test_the_same_event_again_changes_nothing(host: Host) -> None:
    # Given a conversation
    channel = {"accountId": "contoso-app", "channelId": "app"}
    start = document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at=AT, event_id="s1")
    await host.accepted(EVENTS, [start, line()])
    await host.drain()
    before = [await host.shown("conversations/c1"), await host.shown("conversations/c1/transcript")]
    # When its events come again, and again in one batch
    await host.accepted(EVENTS, [line(), start, line()])
    await host.accepted(EVENTS, start)
    await host.drain()
    # Then nothing has changed, and it counts once
    assert [await host.shown("conversations/c1"), await host.shown("conversations/c1/transcript")] == before
    assert (await host.shown("usage/2026-10"))["counted"] == 1
    assert list(await host.pipeline.parked.parked("contoso")) == []


async def test_an_activity_sent_many_times_at_once_is_one_line_of_one_conversation(host: Host) -> None:
    # When an impatient channel sends the beginning of a conversation twenty times at once
    receipts = await asyncio.gather(*(host.accepted(WEB_CHAT, activity()) for _ in range(20)))
    await host.drain()
    # Then all of it is one line of one conversation, which counts once
    assert len({receipt["conversation"]["key"] for receipt in receipts}) == 1
    (head,) = (await host.shown("conversations"))["conversations"]
    assert len((await host.shown(f"conversations/{head['key']}/transcript"))["entries"]) == 1
    assert (await host.shown("usage/2026-10"))["counted"] == 1
    assert list(await host.pipeline.parked.parked("contoso")) == []


async def test_an_event_that_can_never_be_right_is_parked_and_stops_nothing(host: Host) -> None:
    # Given a recorded line
    await host.accepted(EVENTS, line(text="first"))
    # When another event claims its id, and one is older than anything that is kept
    await host.accepted(EVENTS, [line(text="second"), line("old") | {"time": "2020-01-01T00:00:00Z"}, line("m2")])
    await host.drain()
    # Then both are parked with their reasons, nothing is a dead letter, and the others are recorded
    parked = await host.pipeline.parked.parked("contoso")
    assert {event.code for event in parked} == {"event_id_conflict", "too_late"}
    assert host.pipeline.bus.backlog().dead_letters == 0
    transcript = await host.shown("conversations/c1/transcript")
    assert sorted(entry["id"] for entry in transcript["entries"]) == ["m1", "m2"]


async def test_health_tells_what_waits(host: Host) -> None:
    await host.accepted(EVENTS, [line("1"), line("2")])
    answer = await host.client.get("/api/health")
    assert answer.json()["bus"] == {"reachable": True, "active": 2, "deadLetters": 0}
    await host.drain()
    answer = await host.client.get("/api/health")
    assert (answer.json()["status"], answer.json()["bus"]["active"]) == ("healthy", 0)
