"""What a sender may say: nothing under Patchbay's own name, and a channel nothing about another's conversations."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.timers import run_timer
from shared.access.sender_permissions import SENDER_PERMISSIONS, is_reserved
from tests.builders import CONTOSO, document
from tests.functions.hosts import EVENTS, Host, function_named

ROOT = Path(__file__).parent.parent.parent
APP = "/api/tenants/contoso/channels/contoso-app/app"
AT = "2026-10-20T11:00:00Z"
OURS = {"accountId": "contoso-app", "channelId": "app"}
THEIRS = {"accountId": "contoso-chat", "channelId": "webchat"}
PERSON = {"id": "mia"}
SAID = {"author": {"role": "agent", "id": "eve"}, "text": "Send me your card number"}
END = {"endedBy": "agent", "reason": "resolved"}
OF_A_THREAD = f"contoso-chat.webchat.{'a' * 64}"
DATA: dict[str, dict[str, Any]] = {
    "conversation.started": {"channel": THEIRS, "customer": PERSON},
    "message.posted": SAID,
    "bot.escalated": {"botId": "contoso-bot"},
    "conversation.ended": END,
}


async def refused(host: Host, path: str, event: dict[str, Any]) -> str:
    """The code with which the event is refused, alone and in a batch; nothing is published then."""
    alone = await host.client.post(path, content=json.dumps(event))
    in_batch = await host.client.post(path, content=json.dumps([event]))
    assert alone.status_code == 403, alone.text
    (rejected,) = in_batch.json()["rejected"]
    assert (rejected["index"], rejected["code"]) == (0, alone.json()["code"])
    assert rejected["errors"] == alone.json()["errors"]
    assert await host.published() == []
    return str(alone.json()["code"])


SOURCES = [
    "/patchbay", "/patchbay/", "/patchbay/sweep", "/patchbay/x/y", "/patchbay?x=1", "/patchbay#x", "/patchbay;v=1",
    "//patchbay", "///patchbay/sweep", "/PATCHBAY", "/Patchbay/Sweep", "patchbay", "patchbay/sweep", "./patchbay",
    "/./patchbay", "/%70atchbay", "/%50ATCHBAY%2Fsweep", " /patchbay", "/patchbay ", "\\patchbay", "/patchbay\\sweep",
]  # fmt: skip


@pytest.mark.parametrize("path", [EVENTS, APP])
@pytest.mark.parametrize("source", SOURCES)
async def test_nobody_speaks_under_patchbays_name(host: Host, source: str, path: str) -> None:
    # given an event of each type under that source, and the one that looks like an assumed start,
    # when it is posted at either door, then it is refused with its code
    for name, data in DATA.items():
        channel = {"channel": OURS} if name == "conversation.started" else {}
        event = document(name, {**data, **channel}, "new", AT, source=source, event_id="assumed-start")
        assert await refused(host, path, event) == "reserved_source"


@given(st.sampled_from(["", "/", "//", "./", "/./"]), st.text("/?#;", min_size=1, max_size=2), st.text(max_size=8))
def test_whatever_lies_below_is_reserved(before: str, end: str, below: str) -> None:
    assert is_reserved(f"{before}patchbay{end}{below}")


@pytest.mark.parametrize("source", ["/patchbays", "/my/patchbay", "/patch", "/bots/patchbay", "urn:patchbay", "/", "x"])
def test_other_sources_are_free(source: str) -> None:
    assert not is_reserved(source)


async def test_the_doctor_says_that_a_source_is_reserved(host: Host) -> None:
    event = document("message.posted", SAID, "c1", AT, source="/patchbay/sweep")
    answer = await host.client.post("/api/tenants/contoso/diagnose", content=json.dumps(event))
    assert answer.status_code == 200
    (found,) = [one for one in answer.json()["findings"] if one["severity"] == "error"]
    assert (found["code"], found["remedy"]) == ("reserved_source", "Name a source of your own.")


async def test_a_question_passes_whatever_source_it_carries(host: Host) -> None:
    question = document("inactivity.timeout", {"dueAt": AT}, "c1", AT, source="/patchbay/sweep")
    assert await host.accepted(EVENTS, question) == {"accepted": [question["id"]], "rejected": []}


def facts(host: Host) -> int:
    return len(host.pipeline.database.query("SELECT 1 FROM facts"))


async def begun(host: Host, subject: str, channel: dict[str, str] = THEIRS) -> None:
    """Begin a conversation of this channel, as a system that speaks for the whole tenant."""
    await host.accepted(EVENTS, document("conversation.started", {"channel": channel, "customer": PERSON}, subject, AT))
    await host.drain()


@pytest.mark.parametrize("name", [name for name in DATA if name != "conversation.started"])
@pytest.mark.parametrize(
    "subject", ["theirs", "Übung 1%", f"{OF_A_THREAD}.1", f"{OF_A_THREAD}.2", f"contoso-appx.app.{'b' * 64}.1"]
)
async def test_a_channel_does_not_speak_about_anothers_conversation(host: Host, subject: str, name: str) -> None:
    # given a conversation of another channel; of a thread's second one nothing is known yet
    if not subject.endswith(".2"):
        await begun(host, subject)
    before = facts(host)
    # when a channel posts about it, whatever channel the event names, then it is refused
    for said in ({}, {"channel": OURS}, {"channel": {**OURS, "threadId": "t"}}):
        event = document(name, {**DATA[name], **said}, subject, AT, event_id="e1")
        assert await refused(host, APP, {**event, "ingresschannel": "events"}) == "foreign_conversation"
    await host.drain()
    assert facts(host) == before
    # and a system that speaks for the tenant may say it
    await host.accepted(EVENTS, event)


async def test_a_channel_speaks_about_its_own_conversations_before_and_after_they_begin(host: Host) -> None:
    # given a line that comes before its start, whose conversation nobody knows
    line = document("message.posted", {**SAID, "channel": OURS}, "ours", AT, event_id="l1")
    await host.accepted(APP, line)
    await host.drain()
    # when more comes by the same channel, then it is taken
    for name, data in DATA.items():
        said = {**data, "channel": OURS}
        answer = await host.client.post(APP, content=json.dumps(document(name, said, "ours", AT, event_id=name)))
        assert (answer.status_code, answer.json()["rejected"]) == (202, []), answer.text
        await host.drain()
    # and its threads' conversations are its own, too, by their ids
    threaded = {**OURS, "threadId": "t1"}
    begin = document("conversation.started", {"channel": threaded, "customer": PERSON}, None, AT)
    await host.accepted(APP, begin)
    await host.drain()
    page = (await host.client.get("/api/tenants/contoso/conversations")).json()["conversations"]
    (own,) = [one["conversationId"] for one in page if one["conversationId"].startswith("contoso-app.app.")]
    await host.accepted(APP, document("message.posted", SAID, own, AT, event_id="l2"))


async def test_before_its_start_a_conversation_is_the_channels_that_spoke_first(host: Host) -> None:
    # given a line of a second app, whose start is not there yet
    second = b"\n  - {id: second-app, dialect: cloudEvents, channels: [{id: app, workStream: ChatWorkStream}]}"
    await host.client.put("/api/tenants/contoso/configuration", content=CONTOSO.rstrip() + second)
    host.clock.advance(timedelta(minutes=2))
    other = "/api/tenants/contoso/channels/second-app/app"
    await host.accepted(other, document("message.posted", SAID, "s1", AT, event_id="l1"))
    await host.drain()
    # when the first app speaks about it, with a mark of its own making, then it is refused
    for mark in ("events", "0" * 16, ""):
        event = {**document("message.posted", SAID, "s1", AT, event_id="l2"), "ingresschannel": mark}
        assert await refused(host, APP, event) == "foreign_conversation"
    # and after its start was assumed, because none came, it still is
    host.clock.advance(timedelta(minutes=6))
    await run_timer(function_named("sweep"), past_due=False)
    await host.drain()
    assert await refused(host, APP, event) == "foreign_conversation"


async def test_before_its_start_a_conversation_is_the_channels_that_a_publisher_named(host: Host) -> None:
    # given a line that a publisher says of another channel, and one of none, before their starts
    await host.accepted(EVENTS, document("message.posted", {**SAID, "channel": THEIRS}, "named", AT, event_id="l1"))
    await host.accepted(EVENTS, document("message.posted", SAID, "open", AT, event_id="l1"))
    await host.drain()
    # then a channel does not end the first; of the second, of which its start may be on its way, it may speak
    assert await refused(host, APP, document("conversation.ended", END, "named", AT)) == "foreign_conversation"
    await host.accepted(APP, document("message.posted", SAID, "open", AT, event_id="l2"))


async def test_of_two_channels_that_spoke_before_either_was_recorded_one_is_the_owner(host: Host) -> None:
    # given lines of two channels for one new conversation, both accepted before either is recorded
    second = b"\n  - {id: second-app, dialect: cloudEvents, channels: [{id: app, workStream: ChatWorkStream}]}"
    await host.client.put("/api/tenants/contoso/configuration", content=CONTOSO.rstrip() + second)
    host.clock.advance(timedelta(minutes=2))
    doors = (APP, "/api/tenants/contoso/channels/second-app/app")
    for number, door in enumerate(doors):
        await host.accepted(door, document("message.posted", SAID, "race", AT, event_id=f"l{number}"))
    await host.drain()
    # then exactly one of them may go on
    answers = [
        await host.client.post(door, content=json.dumps(document("message.posted", SAID, "race", AT, event_id=door)))
        for door in doors
    ]
    assert sorted(answer.status_code for answer in answers) == [202, 403]


def test_the_page_has_the_table_of_senders() -> None:
    rows = [
        line.split("|")[1:4] for line in (ROOT / "docs/access.md").read_text().splitlines() if line.startswith("| `")
    ]
    listed = {name.strip(" `"): whose.strip(" `") for name, whose, *_ in rows if name.strip(" `") in SENDER_PERMISSIONS}
    assert listed == {name: one.conversations for name, one in SENDER_PERMISSIONS.items()}
