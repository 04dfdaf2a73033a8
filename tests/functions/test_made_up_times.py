"""Times at which nothing can have happened are refused at every ingress, by the member that has them."""

from collections.abc import Mapping
from typing import Any

import pytest

from shared.clock import MovableClock
from shared.events.envelope import parse_time
from tests.builders import document, message, message_document
from tests.conversations.pipelines import InMemory
from tests.dialects import whatsapp
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, paths, problem

TELEGRAM = "/api/tenants/contoso/channels/contoso-telegram/telegram"
WHATSAPP = "/api/tenants/contoso/channels/contoso-whatsapp/whatsapp"
CHANNEL = {"accountId": "contoso-app", "channelId": "app", "threadId": "t"}
MADE_UP = {
    "0001-01-01T00:00:00Z": "is before the year 2000",
    "1999-12-31T23:59:59.999999Z": "is before the year 2000",
    "2026-10-21T12:00:01Z": "is more than a day ahead of our clock",
    "9999-12-31T23:59:59.999999Z": "is more than a day ahead of our clock",
}
"""Where it is noon of 20 October 2026."""
EARLY, AHEAD = "is before the year 2000", "is more than a day ahead of our clock"
SECONDS = {-62135596800: EARLY, 0: EARLY, 946684799: EARLY, 1792584001: AHEAD, 4102444800: AHEAD}
"""The same since 1970."""


def started(at: str) -> dict[str, Any]:
    return document("conversation.started", {"channel": CHANNEL, "customer": {"id": "u"}}, None, at)


def said(**members: Any) -> dict[str, Any]:
    chat = {"message_id": 1, "chat": {"id": 3, "type": "private"}, "from": {"id": 4}, "text": "x", **members}
    return {"update_id": 1, ("edited_message" if "edit_date" in chat else "message"): chat}


async def refused(host: Host, path: str, body: Mapping[str, Any]) -> tuple[list[str], str]:
    """The members that are named, and the reason."""
    answer = await host.client.post(path, json=body)
    [mistake] = problem(answer)["errors"]
    return paths(answer), mistake["reason"]


@pytest.mark.parametrize(("at", "why"), MADE_UP.items())
async def test_an_event_of_no_possible_time_is_refused(host: Host, at: str, why: str) -> None:
    # given a line, a start and an activity of such a time, when they are posted, then the time is named
    assert await refused(host, EVENTS, message_document(time=at)) == (["time"], why)
    assert await refused(host, EVENTS, started(at)) == (["time"], why)
    assert await refused(host, WEB_CHAT, activity(timestamp=at)) == (["timestamp"], why)
    # and in a batch that event alone is rejected
    right = message_document(id="m2", time="2026-10-20T11:00:00Z")
    receipt = await host.accepted(EVENTS, [message_document(time=at), right])
    assert receipt["accepted"] == ["m2"]
    assert [one["errors"] for one in receipt["rejected"]] == [[{"path": "time", "reason": why}]]


@pytest.mark.parametrize(("seconds", "why"), SECONDS.items())
async def test_a_payload_of_no_possible_time_is_refused(host: Host, seconds: int, why: str) -> None:
    # given a message of Telegram, one that is edited, and one of WhatsApp
    assert await refused(host, TELEGRAM, said(date=seconds)) == (["message.date"], why)
    assert await refused(host, TELEGRAM, said(date=seconds, edit_date=1792494000)) == (["message.date"], why)
    assert await refused(host, WEB_CHAT, activity(timestamp=seconds)) == (["timestamp"], why)
    if seconds > 0:
        answer = await host.client.post(WHATSAPP, json=whatsapp.webhook(whatsapp.message(timestamp=str(seconds))))
        [rejected] = answer.json()["rejected"]
        assert rejected["errors"] == [{"path": "timestamp", "reason": why}]


@pytest.mark.parametrize("at", ["2026-10-20T12:05:00Z", "2026-10-21T12:00:00Z"])
async def test_a_clock_may_be_ahead_by_a_day(host: Host, at: str) -> None:
    # given a sender whose clock is ahead, when it posts, then its line is taken, and counts as it arrives
    await host.accepted(EVENTS, message_document(time=at))
    await host.accepted(WEB_CHAT, activity(timestamp=at))
    await host.drain()
    assert (await host.shown("conversations/c1"))["lastActivityAt"].startswith("2026-10-20T12:00:00")


@pytest.mark.parametrize(("at", "why"), MADE_UP.items())
async def test_what_is_published_to_the_bus_with_no_possible_time_is_parked(at: str, why: str) -> None:
    # given events of such a time from whoever is connected to the bus
    pipeline = await InMemory(clock=MovableClock(parse_time("2026-10-20T12:00:00Z"))).configured()
    for body in (message(at=at).to_json(), message(event_id="m2", at=at, ingresstime=at).to_json()):
        await pipeline.deliveries.deliver(body.encode())
    # when they are delivered, then they are parked with the member and the reason
    assert [one.code for one in await pipeline.parked.parked("contoso")] == ["invalid_event"] * 2
    assert {one.detail for one in await pipeline.parked.parked("contoso")} == {f"time: {why}"}


@pytest.mark.parametrize(("at", "why"), MADE_UP.items())
async def test_the_doctor_finds_it_too(host: Host, at: str, why: str) -> None:
    answer = await host.client.post("/api/tenants/contoso/diagnose", json=message_document(time=at))
    [finding] = [one for one in answer.json()["findings"] if one["severity"] == "error"]
    assert (finding["code"], finding["path"], finding["reason"]) == ("invalid_event", "time", why)
