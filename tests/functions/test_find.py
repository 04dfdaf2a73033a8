"""Whoever knows a native id finds our ids and conversations by it; the native id stands in the body alone."""

import json
from typing import Any

import httpx
import pytest

from tests.builders import document, threaded
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, paths, problem
from tests.seeds import CUSTOMER_ID, THREAD_ID

CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat"}
THREAD = {"channel": {**CHANNEL, "threadId": THREAD_ID}}
CUSTOMER = {"channel": CHANNEL, "customer": {"id": CUSTOMER_ID}}


async def asked(host: Host, what: str, question: Any, tenant: str = "contoso", **parameters: str) -> httpx.Response:
    body = question if isinstance(question, bytes) else json.dumps(question)
    return await host.client.post(f"/api/tenants/{tenant}/{what}/find", content=body, params=parameters)


async def found(host: Host, what: str, question: Any, **parameters: str) -> dict[str, Any]:
    answer = await asked(host, what, question, **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    document: dict[str, Any] = answer.json()
    return document


async def talked_twice(host: Host) -> None:
    """A thread with two conversations of its customer, the first of which has ended."""
    await host.accepted(WEB_CHAT, activity(id="a1", timestamp="2026-10-20T11:00:00Z"))
    await host.drain()
    end = {"endedBy": "agent", "reason": "resolved"}
    await host.accepted(EVENTS, document("conversation.ended", end, threaded(), "2026-10-20T11:01:00Z"))
    await host.drain()
    await host.accepted(WEB_CHAT, activity(id="a2", timestamp="2026-10-20T11:02:00Z"))
    await host.drain()


BOTH = [{"key": threaded(number=2), "state": "active"}, {"key": threaded(number=1), "state": "closed"}]


async def test_a_thread_has_its_conversations_the_newest_first(host: Host) -> None:
    await talked_twice(host)
    assert await found(host, "conversations", THREAD) == {"conversations": BOTH}


async def test_a_customer_has_an_id_of_ours_and_conversations(host: Host) -> None:
    # Given a customer with two conversations, and another in a thread of his own
    await talked_twice(host)
    other = {"id": "somebody else", "role": "user"}
    await host.accepted(WEB_CHAT, activity(**{"id": "b1", "from": other, "conversation": {"id": "thread-2"}}))
    await host.drain()
    # When each is asked for
    first, second = [
        await found(host, "customers", {**CUSTOMER, "customer": {"id": one}}) for one in (CUSTOMER_ID, other["id"])
    ]
    # Then each has an id, always the same, that shows nothing of the native one, and the conversations of one page
    assert (len(first["customer"]), first["customer"] != second["customer"]) == (64, True)
    assert (await found(host, "customers", CUSTOMER))["customer"] == first["customer"]
    assert (first["conversations"], first["continuation"]) == (BOTH[::-1], None)
    assert second["conversations"] == [{"key": threaded("thread-2"), "state": "active"}]


async def test_a_customer_with_many_conversations_has_pages_of_them(host: Host) -> None:
    # Given 150 conversations of one customer, which their sender named
    data = {"channel": CHANNEL, "customer": {"id": CUSTOMER_ID}}
    for first in (0, 75):
        named = range(first, first + 75)
        starts = [document("conversation.started", data, f"c{n:03}", "2026-10-20T11:00:00Z") for n in named]
        await host.accepted(EVENTS, starts)
    await host.drain()
    # When the second page is asked for where the first one ends, then no conversation is missing
    one = await found(host, "customers", CUSTOMER)
    two = await found(host, "customers", CUSTOMER, continuation=one["continuation"])
    keys = [each["key"] for page in (one, two) for each in page["conversations"]]
    assert keys == [f"c{n:03}" for n in range(150)]
    assert (len(one["conversations"]), two["continuation"]) == (100, None)


@pytest.mark.parametrize(("what", "question"), [("conversations", THREAD), ("customers", CUSTOMER)])
async def test_where_nothing_is_known_nothing_is_found(host: Host, what: str, question: dict[str, Any]) -> None:
    await talked_twice(host)
    # Given the same native ids in another channel of the tenant, or of another tenant
    elsewhere = {**question, "channel": {**question["channel"], "accountId": "contoso-app", "channelId": "app"}}
    theirs = {**question, "channel": {**question["channel"], "accountId": "fabrikam-web"}}
    # Then they stand for nobody there
    assert (await found(host, what, elsewhere))["conversations"] == []
    assert (await found(host, what, theirs, tenant="fabrikam"))["conversations"] == []
    # A channel that the tenant does not have is named, and so is a tenant that there is not
    unknown = {**question, "channel": {**question["channel"], "accountId": "contoso-chatt"}}
    for tenant, wrong, code in (("contoso", unknown, "unknown_account"), ("nobody", question, "unknown_tenant")):
        answer = await asked(host, what, wrong, tenant=tenant)
        assert (answer.status_code, problem(answer)["code"]) == (404, code)


async def test_a_conversation_that_is_still_on_its_way_is_not_found(host: Host) -> None:
    await host.accepted(WEB_CHAT, activity())
    assert await found(host, "conversations", THREAD) == {"conversations": []}


@pytest.mark.parametrize(
    ("what", "question", "named"),
    [
        ("conversations", b"", [""]),
        ("conversations", [], [""]),
        ("conversations", {}, ["channel"]),
        ("conversations", {"channel": {**CHANNEL, "thread": "t"}}, ["channel.thread", "channel.threadId"]),
        ("conversations", {"channel": {**CHANNEL, "threadId": 4711}}, ["channel.threadId"]),
        ("conversations", {**THREAD, "tenantId": "contoso"}, ["tenantId"]),
        ("customers", {"channel": CHANNEL}, ["customer"]),
        (
            "customers",
            {"channel": {"accountId": ""}, "customer": {}},
            ["channel.accountId", "channel.channelId", "customer.id"],
        ),
        ("customers", {**CUSTOMER, "customer": {"id": "x" * 1025}}, ["customer.id"]),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused_by_its_members(
    host: Host, what: str, question: Any, named: list[str]
) -> None:
    answer = await asked(host, what, question)
    assert paths(answer) == named
    assert problem(answer)["code"] == "invalid_request"
