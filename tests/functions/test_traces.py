"""One trace from the ingress to the ledger, across the bus; and what becomes of the traces that others bring."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from shared.events.stamp import LONGEST, POSITION, TIME
from shared.events.trace_context import CARRIED, trace_context
from shared.telemetry import OFF
from tests.builders import document, threaded
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, hosted
from tests.observed import Observed

WEBHOOK = "POST /api/tenants/{tenantId}/channels/{accountId}/{channelId}"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FOREIGN = f"00-{TRACE}-{SPAN}-00"
MALFORMED: list[Any] = [
    "",
    "00",
    "00-1",
    FOREIGN.upper(),
    FOREIGN + "-1",
    FOREIGN.replace("00-4", "ff-4"),
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    "x" * 5000,
    "00-\u00e9",
    7,
    None,
    True,
    {"a": [1]},
]


@pytest.fixture
async def traced(tmp_path: Path, observed: Observed) -> AsyncIterator[Host]:
    """A host with telemetry in memory, and a tenant."""
    async with hosted(tmp_path, telemetry=observed.telemetry) as running:
        yield await running.configured("contoso")
        observed.exporter.clear()


def start(event_id: str = "s1", **members: Any) -> dict[str, Any]:
    channel = {"accountId": "contoso-app", "channelId": "app"}
    data = {"channel": channel, "customer": {"id": "u"}}
    return document("conversation.started", data, at="2026-10-20T11:00:00Z", event_id=event_id) | members


def as_bytes(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


@contextmanager
def invoked(trace_id: str = TRACE) -> Iterator[None]:
    """As the Functions worker runs a function whose host has a span for it (PYTHON_ENABLE_OPENTELEMETRY)."""
    span = SpanContext(int(trace_id, 16), int(SPAN, 16), is_remote=True, trace_flags=TraceFlags(1))
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(span)))
    try:
        yield
    finally:
        context.detach(token)


def linked(span: ReadableSpan) -> list[str]:
    return [f"{link.context.trace_id:032x}" for link in span.links]


async def test_a_message_is_one_trace_from_the_webhook_to_the_ledger(traced: Host, observed: Observed) -> None:
    # Given a channel's customer, whose first message begins a conversation that a bot takes
    observed.exporter.clear()
    # When it is posted, and the functions of the bus have run
    await traced.accepted(WEB_CHAT, activity())
    await traced.drain()
    # Then all of it is one trace, in which the commit, with the ledger's row in it, goes back to the webhook
    assert len(observed.traces()) == 1
    assert observed.ancestry(observed.the("commit conversations")) == [
        "commit conversations",
        "record conversation.started",
        "publish conversation.started",
        WEBHOOK,
    ]
    (appended,) = (span for span in observed.spans() if span.name == "append conversations")
    assert observed.ancestry(appended) == [
        "append conversations",
        "record message.posted",
        "publish message.posted",
        WEBHOOK,
    ]
    # And each has its kind, and says for whom it was
    kinds = {span.name: span.kind for span in observed.spans()}
    assert [
        kinds[name] for name in (WEBHOOK, "publish message.posted", "record message.posted", "commit conversations")
    ] == [
        SpanKind.SERVER,
        SpanKind.PRODUCER,
        SpanKind.CONSUMER,
        SpanKind.CLIENT,
    ]
    recorded = observed.the("record message.posted").attributes or {}
    assert recorded["patchbay.tenant"] == "contoso"
    assert recorded["patchbay.conversation.key"] == threaded()
    assert recorded["patchbay.outcome"] == "recorded"
    assert all(span.status.status_code is not StatusCode.ERROR for span in observed.spans())
    assert all(not span.events for span in observed.spans())


async def test_what_was_refused_is_a_span_that_says_so_and_names_nobody(traced: Host, observed: Observed) -> None:
    # Given a request for a tenant that nobody knows, when it is refused
    observed.exporter.clear()
    answer = await traced.client.get("/api/tenants/nobody-knows/conversations")
    # Then its span has the status and the route's template
    span = observed.the("GET /api/tenants/{tenantId}/conversations")
    assert (span.attributes or {})["http.response.status_code"] == answer.status_code == 404
    # And a caller's mistake is no error of ours
    assert span.status.status_code is StatusCode.UNSET


async def test_the_ingress_continues_the_callers_trace_but_not_its_wish_to_be_sampled(
    traced: Host, observed: Observed
) -> None:
    # Given a caller whose trace is not sampled, when it posts
    observed.exporter.clear()
    await traced.client.post(EVENTS, json=start(), headers={"traceparent": FOREIGN})
    await traced.drain()
    # Then all of it is in the caller's trace, and none of it is missing
    assert observed.traces() == {int(TRACE, 16)}
    assert observed.ancestry(observed.the("commit conversations"))[-1] == "POST /api/tenants/{tenantId}/events"


async def test_the_hosts_own_span_is_the_parent_where_there_is_one(traced: Host, observed: Observed) -> None:
    # Given an invocation by the Functions host, which has a server span for the request already
    observed.exporter.clear()
    with invoked():
        # When the request brings another trace
        await traced.client.post(EVENTS, json=start(), headers={"traceparent": FOREIGN.replace("4bf", "123")})
    # Then the request is a part of the host's span
    span = observed.the("POST /api/tenants/{tenantId}/events")
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert span.kind is SpanKind.INTERNAL


async def test_a_delivery_continues_its_event_and_links_the_hosts_invocation(traced: Host, observed: Observed) -> None:
    # Given an event on the bus
    observed.exporter.clear()
    await traced.accepted(EVENTS, start())
    # When the Functions host, which knows nothing of the event's trace, has it recorded
    with invoked():
        await traced.drain()
    # Then it is recorded in the event's trace, with a link to the host's
    record = observed.the("record conversation.started")
    assert observed.ancestry(record)[-1] == "POST /api/tenants/{tenantId}/events"
    assert linked(record) == [TRACE]


async def test_each_event_of_a_batch_goes_back_to_its_request_and_not_to_another_event(
    traced: Host, observed: Observed
) -> None:
    # Given a batch of three events
    await traced.accepted(EVENTS, [start("s1"), start("s2"), start("s3")])
    # Then each is published in a span of its own, and none is a part of another
    published = [span for span in observed.spans() if span.name == "publish conversation.started"]
    ancestries = [observed.ancestry(span) for span in published]
    assert ancestries == [["publish conversation.started", "POST /api/tenants/{tenantId}/events"]] * 3


async def test_an_event_that_brings_a_trace_is_linked_to_it(traced: Host, observed: Observed) -> None:
    # Given a sender's event with the trace in which it was made, when it is posted in another one
    observed.exporter.clear()
    await traced.accepted(EVENTS, start(traceparent=FOREIGN, tracestate="vendor=1"))
    (event,) = await traced.published()
    # Then its way is that of the request, and its maker's trace is linked
    publish = observed.the("publish conversation.started")
    assert observed.ancestry(publish)[-1] == "POST /api/tenants/{tenantId}/events"
    assert linked(publish) == [TRACE]
    carried = trace_context(event.attributes)
    assert carried is not None
    assert publish.context is not None
    assert carried.span_id == f"{publish.context.span_id:016x}"
    assert carried.state == ""


@pytest.mark.parametrize("malformed", MALFORMED, ids=lambda given: str(given)[:60])
async def test_what_is_no_trace_context_does_no_harm(traced: Host, observed: Observed, malformed: Any) -> None:
    # Given an event, and a request, with something in place of a trace context
    headers = {"traceparent": malformed} if isinstance(malformed, str) and malformed.isascii() else {}
    sent = start(traceparent=malformed, tracestate=malformed, acceptedtime=malformed)
    # When it is posted, and when it comes by the bus as it is
    answer = await traced.client.post(EVENTS, json=sent, headers=headers)
    await traced.pipeline.deliveries.deliver(as_bytes(sent))
    await traced.drain()
    # Then it is recorded once, and nothing is parked
    assert answer.status_code == 202
    assert (await traced.shown("conversations"))["conversations"][0]["state"] == "active"
    assert (await traced.shown("parked"))["parked"] == []
    assert all(linked(span) == [] for span in observed.spans())


async def test_a_retry_in_another_trace_is_a_duplicate(traced: Host, observed: Observed) -> None:
    # Given events that were recorded, each in a trace of its sender's
    line = document(
        "message.posted", {"author": {"role": "agent", "id": "ana"}, "text": "x"}, at="2026-10-20T11:00:01Z"
    )
    await traced.accepted(EVENTS, [start(traceparent=FOREIGN), line | {"traceparent": FOREIGN}])
    await traced.drain()
    # When the sender tries again, in another trace
    other = FOREIGN.replace("4bf", "123")
    await traced.client.post(
        EVENTS, json=[start(traceparent=other), line | {"traceparent": other}], headers={"traceparent": other}
    )
    await traced.drain()
    # Then they are duplicates, and no conflict
    assert (await traced.shown("parked"))["parked"] == []
    events = observed.points()["patchbay.events"]
    for kind in ("conversation.started", "message.posted"):
        assert [events[("outcome", outcome), ("type", kind)] for outcome in ("recorded", "duplicate")] == [1, 1]


async def test_what_is_parked_is_parked_once_however_many_traces_it_comes_in(traced: Host) -> None:
    # Given an event whose identity another one has
    await traced.accepted(EVENTS, start())
    await traced.drain()
    conflicting = start(time="2026-10-20T11:00:30Z")
    # When its sender posts it twice, which are two traces
    for _ in range(2):
        await traced.accepted(EVENTS, conflicting)
        await traced.drain()
    # Then it is parked once, and can be replayed as it is
    (parked,) = (await traced.shown("parked"))["parked"]
    assert parked["code"] == "event_id_conflict"
    replayed = await traced.client.post(f"/api/tenants/contoso/parked/{parked['id']}/replay")
    assert replayed.status_code == 202, replayed.text


async def test_an_event_that_has_no_room_for_a_trace_goes_without(traced: Host) -> None:
    # Given an event that is as large as one may be, in a member that is not kept apart
    def line(length: int) -> dict[str, Any]:
        author = {"role": "agent", "id": "a", "name": "x" * length}
        return document("message.posted", {"author": author, "text": "Hi"}, event_id="m")

    most = 200 * 1024 - len(as_bytes({**line(0), **LONGEST}))
    # When it is posted
    await traced.accepted(EVENTS, line(most))
    (event,) = await traced.published()
    # Then it is on the bus as it was sent, with its stamp alone
    stamp = {name: event.attributes[name] for name in (TIME, POSITION)}
    assert json.loads(event.to_json()) == {**line(most), **stamp}


async def test_without_telemetry_an_event_goes_as_it_came(tmp_path: Path) -> None:
    # Given a host without telemetry, when an event is posted
    async with hosted(tmp_path, telemetry=OFF) as running:
        await (await running.configured("contoso")).accepted(EVENTS, start())
        (event,) = await running.published()
    # Then nothing was added to it
    assert not set(CARRIED) & set(event.attributes)
