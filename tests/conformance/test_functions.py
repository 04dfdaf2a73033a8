"""Every function works in Microsoft's runtime, with what the host sends: requests, messages, timers."""

import base64
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import pytest

from shared import bootstrap
from shared.ingress.deliver import Deliveries
from tests.builders import EXAMPLES, document, threaded
from tests.conformance.host import RuntimeHost, hosted_by_runtime
from tests.conformance.runtime import TRACE_PARENT, Worker
from tests.functions.hosts import EVENTS, WEB_CHAT, activity, bot_activity, problem
from tests.observed import Observed
from tests.seeds import CUSTOMER_ID, TEXT, THREAD_ID

AT = "2026-10-20T11:00:00Z"
ID = threaded()
ROUTES = {
    "receive_activity": ("POST", "tenants/contoso/channels/contoso-chat/webchat"),
    "answer_handshake": ("OPTIONS", "tenants/contoso/channels/contoso-chat/webchat"),
    "publish_events": ("POST", "tenants/contoso/events"),
    "answer_events_handshake": ("OPTIONS", "tenants/contoso/events"),
    "list_conversations": ("GET", "tenants/contoso/conversations"),
    "find_conversations": ("POST", "tenants/contoso/conversations/find"),
    "find_customer": ("POST", "tenants/contoso/customers/find"),
    "get_conversation": ("GET", "tenants/contoso/conversations/x"),
    "get_transcript": ("GET", "tenants/contoso/conversations/x/transcript"),
    "get_attachment": ("GET", "tenants/contoso/conversations/x/attachments/x"),
    "get_routing": ("GET", "tenants/contoso/conversations/x/routing"),
    "list_usage": ("GET", "tenants/contoso/usage"),
    "get_usage": ("GET", "tenants/contoso/usage/2026-10"),
    "list_sessions": ("GET", "tenants/contoso/usage/2026-10/sessions"),
    "get_configuration": ("GET", "tenants/contoso/configuration"),
    "diagnose": ("POST", "tenants/contoso/diagnose"),
    "put_configuration": ("PUT", "tenants/contoso/configuration"),
    "list_parked": ("GET", "tenants/contoso/parked"),
    "replay_parked": ("POST", "tenants/contoso/parked/x/replay"),
    "health": ("GET", "health"),
}


@pytest.fixture(autouse=True)
def _what_a_test_names_runs(request: pytest.FixtureRequest, worker: Worker) -> Iterator[None]:
    """A test that says which functions it runs fails where one of them did not succeed once."""
    before = worker.succeeded.copy()
    yield
    named = {name for mark in request.node.iter_markers("runs") for name in mark.args}
    assert sorted(name for name in named if worker.succeeded[name] == before[name]) == []


def line(event_id: str = "m1", conversation: str = "c1", **data: Any) -> dict[str, Any]:
    said = {"author": {"role": "customer", "id": "customer-1"}, "text": TEXT, **data}
    return document("message.posted", said, conversation, AT, event_id=event_id)


async def begun(host: RuntimeHost) -> None:
    """A conversation in which the customer spoke, with the bot."""
    await host.accepted(WEB_CHAT, activity(timestamp=AT))
    await host.drain()


async def parked(host: RuntimeHost, tenant: str = "contoso") -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await host.shown("parked", tenant))["parked"]
    return events


def test_this_is_the_python_that_the_runtime_is_for() -> None:
    assert sys.version_info[:2] == (3, 13)


def test_every_function_of_the_app_is_run_by_a_test_of_this_file(worker: Worker) -> None:
    marks = [mark for test in globals().values() for mark in getattr(test, "pytestmark", ()) if mark.name == "runs"]
    assert {name for mark in marks for name in mark.args} == set(worker.functions)


@pytest.mark.runs("receive_activity", "conversation_started", "message_posted", "get_conversation", "get_transcript")
async def test_a_channels_activity_becomes_a_conversation_with_a_line(host: RuntimeHost) -> None:
    # Given an activity with text beyond ASCII
    receipt = await host.accepted(WEB_CHAT, activity(timestamp=AT, text="Grüße, 東京"))
    assert receipt["conversation"] == {"conversationId": ID, "key": ID}
    # When its messages are delivered
    await host.drain()
    # Then the conversation stands with the bot, and has the line as it was written
    conversation = await host.shown(f"conversations/{ID}")
    assert (conversation["state"], conversation["queue"], conversation["bot"]) == ("active", "BotQueue", "contoso-bot")
    (entry,) = (await host.shown(f"conversations/{ID}/transcript", audience="agent"))["entries"]
    assert (entry["text"], entry["author"]["name"]) == ("Grüße, 東京", "Zoë")


@pytest.mark.runs("publish_events", "message_changed", "get_transcript")
async def test_a_changed_line_says_what_it_said(host: RuntimeHost) -> None:
    change = document("message.changed", {"messageId": "m1", "text": "Grüße"}, "c1", AT, event_id="e1")
    await host.accepted(EVENTS, [line(), change])
    await host.drain()
    (entry,) = (await host.shown("conversations/c1/transcript", audience="agent"))["entries"]
    assert (entry["text"], [one["was"] for one in entry["changes"]]) == ("Grüße", [TEXT])


@pytest.mark.runs("publish_events", "message_posted", "list_conversations")
async def test_a_batch_of_events_is_accepted_one_by_one_and_listed_by_state(host: RuntimeHost) -> None:
    said = {"channel": {"accountId": "contoso-app", "channelId": "app"}, "customer": {"id": "u"}}
    start = document("conversation.started", said, "a|b/c", AT)
    receipt = await host.accepted(EVENTS, [start, line(conversation="a|b/c"), {"specversion": "1.0"}])
    assert (receipt["accepted"], len(receipt["rejected"])) == ([start["id"], "m1"], 1)
    await host.drain()
    # When they are asked for by a filter that is empty, which the host itself drops, then that is refused by name
    refused = await host.client.get("/api/tenants/contoso/conversations", params={"state": "active", "bot": ""})
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "bot: is empty: say what is asked for, or leave it out",
    )
    # and when it is left out, they are shown
    page = await host.shown("conversations", state="active")
    # Then the one is found, and its key, which is URL-safe, leads to it
    (conversation,) = page["conversations"]
    assert (conversation["conversationId"], conversation["key"][0]) == ("a|b/c", "~")
    assert (await host.shown(f"conversations/{conversation['key']}"))["conversationId"] == "a|b/c"


@pytest.mark.runs("find_conversations", "find_customer")
async def test_native_ids_in_a_body_find_a_conversation(host: RuntimeHost) -> None:
    await begun(host)
    channel = {"accountId": "contoso-chat", "channelId": "webchat"}
    asked = {
        "conversations": {"channel": {**channel, "threadId": THREAD_ID}},
        "customers": {"channel": channel, "customer": {"id": CUSTOMER_ID}},
    }
    for what, question in asked.items():
        answer = await host.client.post(f"/api/tenants/contoso/{what}/find", json=question)
        assert (answer.status_code, answer.json()["conversations"]) == (200, [{"key": ID, "state": "active"}])


@pytest.mark.runs("bot_escalated", "get_routing")
async def test_an_escalation_is_routed_and_explained_as_json_and_as_text(host: RuntimeHost) -> None:
    await begun(host)
    escalate = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
    await host.accepted(WEB_CHAT, bot_activity(timestamp="2026-10-20T11:00:01Z", channelData={"tags": escalate}))
    await host.drain()
    assert (await host.shown(f"conversations/{ID}"))["queue"] == "CreditCardQueue"
    # When it is asked why, then the decisions come as JSON
    assert len((await host.shown(f"conversations/{ID}/routing"))["decisions"]) == 2
    # and as sentences where these are asked for
    path = f"/api/tenants/contoso/conversations/{ID}/routing"
    answer = await host.client.get(path, headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "Rule 2, CreditCardRule, was applied" in answer.text


@pytest.mark.runs("publish_events", "message_posted", "get_transcript", "get_attachment")
async def test_a_large_file_is_downloaded_byte_for_byte(host: RuntimeHost) -> None:
    # Given a file that is too large for an event
    file = bytes(range(256)) * 1000
    url = "data:image/png;base64," + base64.b64encode(file).decode()
    await host.accepted(EVENTS, line(attachments=[{"name": "Zoë.png", "contentType": "image/png", "url": url}]))
    await host.drain()
    # When its address is followed
    (entry,) = (await host.shown("conversations/c1/transcript", audience="agent"))["entries"]
    address = f"/api/tenants/contoso/conversations/c1/{entry['attachments'][0]['url']}"
    answer = await host.client.get(address)
    # Then its bytes arrive, as a download
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, file, "image/png")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Zo%C3%AB.png"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.runs("conversation_ended", "get_usage", "list_sessions")
async def test_an_ended_conversation_is_on_the_bill_with_its_evidence(host: RuntimeHost) -> None:
    await begun(host)
    await host.accepted(WEB_CHAT, activity(type="endOfConversation", id="e1", timestamp="2026-10-20T11:05:00Z"))
    await host.drain()
    assert (await host.shown(f"conversations/{ID}"))["state"] == "closed"
    # Then the month counts it, as JSON and as CSV
    assert (await host.shown("usage/2026-10"))["counted"] == 1
    answer = await host.client.get("/api/tenants/contoso/usage/2026-10", params={"format": "csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert ",counted,,1" in answer.text
    # and as a workbook, whose bytes arrive as they are
    answer = await host.client.get("/api/tenants/contoso/usage/2026-10", params={"format": "xlsx"})
    assert answer.headers["content-disposition"] == 'attachment; filename="usage-contoso-2026-10.xlsx"'
    assert is_zipfile(io.BytesIO(answer.content))
    # and the evidence has its row
    (row,) = (await host.shown("usage/2026-10/sessions", counted="true"))["sessions"]
    assert row["conversationId"] == ID


@pytest.mark.runs("sweep", "inactivity_timeout")
async def test_a_silent_conversation_is_found_by_the_sweep_and_ended(host: RuntimeHost) -> None:
    await host.accepted(WEB_CHAT, activity(timestamp="2026-10-20T12:00:00Z"))
    await host.accepted(WEB_CHAT, bot_activity(timestamp="2026-10-20T12:00:00Z", text="Which card?"))
    await host.drain()
    # When the sweep runs, on time and late, after five minutes and after twenty
    for past_due in (False, True):
        host.clock.advance(timedelta(minutes=10))
        await host.fire("sweep", past_due=past_due, monitored=False)
        await host.drain()
    # Then the customer was reminded, and the conversation is closed
    assert (await host.shown(f"conversations/{ID}"))["state"] == "closed"
    lines = [one["text"] for one in (await host.shown(f"conversations/{ID}/transcript"))["entries"]]
    assert lines == [TEXT, "Which card?", "Are you still there?", "Goodbye."]


@pytest.mark.runs("list_usage", "get_usage")
async def test_a_browser_gets_the_months_and_a_month_as_pages(host: RuntimeHost) -> None:
    await begun(host)
    for path in ("usage", "usage/2026-10"):
        answer = await host.client.get(f"/api/tenants/contoso/{path}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "October 2026" in answer.text


@pytest.mark.runs("monthly_usage", "get_usage")
async def test_the_roll_up_writes_the_months_report(host: RuntimeHost) -> None:
    await begun(host)
    await host.fire("monthly_usage")
    assert (await host.shown("usage/2026-10"))["version"] == 1
    # When the content changes, and the roll-up runs late
    await host.accepted(WEB_CHAT, activity(id="b1", timestamp=AT, conversation={"id": "thread-2"}))
    await host.drain()
    await host.fire("monthly_usage", past_due=True)
    # Then there is a next version
    assert (await host.shown("usage/2026-10"))["version"] == 2


@pytest.mark.runs("unrouted_event", "list_parked", "replay_parked")
async def test_what_can_never_be_recorded_is_parked_mended_and_replayed(host: RuntimeHost) -> None:
    # Given a message of a made-up type, one that is no UTF-8, and one that lacks a role
    bad = line(author={"id": "u"})
    bodies = [json.dumps({**line("m0"), "type": "made.up"}).encode(), b"\xff\xfe", json.dumps(bad).encode()]
    await host.pipeline.bus.send([(None, f"{number}", body) for number, body in enumerate(bodies)])
    # When they are delivered, then each was taken at once, and is listed with its reason
    await host.drain()
    assert host.pipeline.bus.backlog().dead_letters == 0
    assert [one["code"] for one in await parked(host, "_unknown")] == ["invalid_event"]
    known = {one["errors"][0]["path"]: one["id"] for one in await parked(host)}
    assert sorted(known) == ["data.author.role", "type"]
    # When the one that lacks a role is replayed mended
    address = f"/api/tenants/contoso/parked/{known['data.author.role']}/replay"
    assert await host.accepted(address, line()) == {"accepted": ["m1"]}
    await host.drain()
    # Then it is recorded
    assert [one["id"] for one in (await host.shown("conversations/c1/transcript"))["entries"]] == ["m1"]


@pytest.mark.runs("put_configuration", "get_configuration")
async def test_a_configuration_is_put_as_yaml_and_read_with_its_etag(host: RuntimeHost) -> None:
    path = "/api/tenants/contoso/configuration"
    body = (EXAMPLES / "contoso.yaml").read_bytes().replace(b"Goodbye.", "Auf Wiedersehen, schöne Grüße".encode())
    # When the next version is put on the condition that the first one is the latest
    answer = await host.client.put(path, content=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"2"', 2)
    # Then it is read, and who still believes in the first one is refused
    answer = await host.client.get(path)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert "schöne Grüße" in answer.text
    refused = await host.client.put(path, content=body, headers={"IF-MATCH": '"1"'})
    assert (refused.status_code, problem(refused)["code"]) == (412, "version_conflict")


@pytest.mark.runs("diagnose")
async def test_a_payload_is_diagnosed_and_nothing_is_published(host: RuntimeHost) -> None:
    answer = await host.client.post("/api/tenants/contoso/diagnose", json=line())
    assert (answer.status_code, [event["type"] for event in answer.json()["events"]]) == (200, ["message.posted"])
    assert host.pipeline.bus.backlog().active == 0


@pytest.mark.runs("answer_handshake", "answer_events_handshake")
async def test_event_grid_is_told_that_it_may_post(host: RuntimeHost) -> None:
    for path in (WEB_CHAT, EVENTS):
        answer = await host.client.request("OPTIONS", path, headers={"WebHook-Request-Origin": "eventgrid.azure.net"})
        assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")


@pytest.mark.runs("health")
async def test_the_health_is_told(host: RuntimeHost) -> None:
    answer = await host.client.get("/api/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


async def test_a_refusal_is_a_problem_document_that_names_the_field(host: RuntimeHost) -> None:
    refused = await host.client.put("/api/tenants/contoso/configuration", content=b"tenantId: contoso")
    assert refused.status_code == 400
    assert "queues" in [mistake["path"] for mistake in problem(refused)["errors"]]
    unknown = await host.client.get("/api/tenants/nobody/configuration")
    assert (unknown.status_code, problem(unknown)["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b'"text"', b"[" * 2000, b'{"a": 1e999}'])
async def test_no_body_fails_an_ingress(host: RuntimeHost, body: bytes) -> None:
    for name in ("receive_activity", "publish_events", "put_configuration"):
        method, route = ROUTES[name]
        refused = await host.client.request(method, f"/api/{route}", content=body)
        assert problem(refused)["errors"], name


async def test_every_route_but_health_answers_401_to_whom_nobody_vouched_for(worker: Worker, tmp_path: Path) -> None:
    assert set(ROUTES) == {name for name, one in worker.functions.items() if one.trigger["type"] == "httpTrigger"}
    async with hosted_by_runtime(worker, tmp_path, open_to_all=False) as closed:
        for name, (method, route) in ROUTES.items():
            answer = await closed.client.request(method, f"/api/{route}", content=b"{}")
            assert answer.headers["x-request-id"]
            if name == "health":
                assert answer.status_code == 200
            else:
                assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")


MEMBERS = {
    "deliverycount": "many",
    "enqueuedtimeutc": "yesterday",
    "sequencenumber": {"a": 1},
    "userproperties": "none",
    "messageid": "x" * 500,
}


@pytest.mark.runs("message_posted")
@pytest.mark.parametrize("member", MEMBERS)
async def test_a_member_named_like_a_property_of_messages_does_no_harm(host: RuntimeHost, member: str) -> None:
    # Given an event with an attribute of its sender's own, which happens to be named like a property
    await host.accepted(EVENTS, {**line(), member: MEMBERS[member]})
    # When it is delivered, then it is recorded like any other
    await host.drain()
    assert host.pipeline.bus.backlog().dead_letters == 0
    assert [one["id"] for one in (await host.shown("conversations/c1/transcript"))["entries"]] == ["m1"]


class Unreachable(Deliveries):
    """What a message meets while the store is away."""

    async def deliver(self, body: bytes) -> None:
        raise ConnectionError("the store is away")


@pytest.mark.runs("message_posted")
async def test_what_fails_is_delivered_again_and_no_delivery_is_lost(host: RuntimeHost, worker: Worker) -> None:
    # Given a store that is away, and a message
    await host.accepted(EVENTS, line())
    working = host.pipeline.deliveries
    bootstrap.provide(replace(host.pipeline, deliveries=Unreachable(**vars(working))))
    before = worker.succeeded["message_posted"]
    # When it is delivered until the bus gives up
    await host.drain()
    # Then every delivery was told as failed, and it is a dead letter that names the error
    assert worker.succeeded["message_posted"] == before
    assert [reason for _, reason in host.pipeline.bus.dead_letters()] == ["ConnectionError"]
    # When the store is back, and the sweep resubmits
    bootstrap.provide(host.pipeline)
    assert len(await host.pipeline.bus.resubmit(datetime.max.replace(tzinfo=UTC), lambda _: True)) == 1
    await host.drain()
    # Then it is recorded
    assert [one["id"] for one in (await host.shown("conversations/c1/transcript"))["entries"]] == ["m1"]


@pytest.mark.runs("receive_activity", "message_posted")
async def test_a_function_runs_in_the_trace_of_the_hosts_own_span(
    worker: Worker, tmp_path: Path, observed: Observed
) -> None:
    # Given a host that has a span for each invocation, and says so to the worker
    async with hosted_by_runtime(worker, tmp_path, telemetry=observed.telemetry) as host:
        await host.configured("contoso")
        # When a request is served, and its message delivered
        await begun(host)
    # Then the request is a part of the host's span, and so in one trace with the record, which links its invocation
    _, trace_id, span_id, _ = TRACE_PARENT.split("-")
    ingress = observed.the("POST /api/tenants/{tenantId}/channels/{accountId}/{channelId}")
    assert ingress.parent is not None
    assert (f"{ingress.parent.trace_id:032x}", f"{ingress.parent.span_id:016x}") == (trace_id, span_id)
    record = observed.the("record message.posted")
    assert observed.ancestry(record) == [record.name, "publish message.posted", ingress.name]
    assert [f"{link.context.span_id:016x}" for link in record.links] == [span_id]
