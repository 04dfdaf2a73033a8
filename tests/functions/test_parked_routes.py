"""Parked events over HTTP: one bad event costs no other; it is listed with its reason, mended, and replayed, once."""

import json
from typing import Any

import pytest

from local.timers import run_timer
from shared.events.bus import MAX_DELIVERY_COUNT
from shared.events.codec import encode_event, event_from
from tests.builders import document
from tests.functions.hosts import EVENTS, Host, function_named, paths, problem
from tests.seeds import TEXT

AT = "2026-10-20T11:00:00Z"
UNKNOWN = "/api/tenants/_unknown/parked"
OWN = "/api/tenants/contoso/parked"


def line(event_id: str = "m1", **data: Any) -> dict[str, Any]:
    said = {"author": {"role": "customer", "id": "customer-1"}, "text": TEXT, **data}
    return document("message.posted", said, "c1", AT, event_id=event_id)


async def sent(host: Host, *bodies: bytes) -> None:
    """Bodies that somebody sent to the bus itself, delivered."""
    await host.pipeline.bus.send([("message.posted", f"{n}", body) for n, body in enumerate(bodies)])
    await host.drain()


async def parked(host: Host, tenant: str = "_unknown", **parameters: str) -> list[dict[str, Any]]:
    page = await host.shown("parked", tenant, **parameters)
    assert sorted(page) == ["continuation", "parked"]
    events: list[dict[str, Any]] = page["parked"]
    return events


async def lines(host: Host) -> list[str]:
    return sorted(entry["id"] for entry in (await host.shown("conversations/c1/transcript"))["entries"])


async def conflict(host: Host) -> str:
    """The id of a parked event: one whose own id is taken by another one that is recorded."""
    await host.accepted(EVENTS, line(text="first"))
    await host.drain()
    await host.accepted(EVENTS, line(text="second"))
    await host.drain()
    (event,) = await parked(host, "contoso")
    parked_id: str = event["id"]
    return parked_id


async def test_one_poison_event_among_a_hundred_is_parked_mended_and_replayed(host: Host) -> None:
    # Given a hundred events on the bus, one of them from an author without a role
    bad = line("m50", author={"id": "u"})
    bodies = [json.dumps(bad if n == 50 else line(f"m{n}")).encode() for n in range(100)]
    # When each is delivered once
    await sent(host, *bodies)
    # Then 99 are recorded, no message is left, and one is listed with the field that is wrong
    assert len(await lines(host)) == 99
    assert host.pipeline.bus.backlog().dead_letters == 0
    (event,) = await parked(host, "contoso")
    assert event == {
        "id": event["id"],
        "receivedAt": "2026-10-20T12:00:00.000000Z",
        "code": "invalid_event",
        "detail": "data.author.role: is missing",
        "errors": [{"path": "data.author.role", "reason": "is missing"}],
        "body": json.dumps(bad),
        "effect": None,
        "replayedAt": None,
    }
    # When it is mended and replayed, twice
    for _ in range(2):
        assert await host.accepted(f"{OWN}/{event['id']}/replay", line("m50")) == {"accepted": ["m50"]}
        await host.drain()
    # Then all are recorded once, and nothing waits
    assert await lines(host) == sorted(f"m{n}" for n in range(100))
    assert await parked(host, "contoso") == await parked(host, "contoso") == []
    (kept,) = await parked(host, "contoso", replayed="true")
    assert kept == {**event, "replayedAt": "2026-10-20T12:00:00Z"}


async def test_an_unmended_event_is_answered_as_at_a_ingress_and_stays(host: Host) -> None:
    await sent(host, json.dumps(line(author={"id": "u"})).encode())
    (event,) = await parked(host, "contoso")
    address = f"{OWN}/{event['id']}/replay"
    # When it is replayed as it is, or with another mistake, or as another event
    assert paths(await host.client.post(address)) == ["data.author.role"]
    assert paths(await host.client.post(address, json=line(author={"role": "bot"}))) == ["data.author.id"]
    assert paths(await host.client.post(address, json=line("m2"))) == ["id"]
    # Then nothing has changed
    assert await parked(host, "contoso") == [event]
    assert host.pipeline.bus.backlog().active == 0


async def test_an_event_that_came_before_its_tenant_is_replayed_as_it_is(host: Host) -> None:
    # Given an event of a tenant that nobody has configured yet
    await sent(host, json.dumps({**line(), "tenantid": "small"}).encode())
    (event,) = await parked(host)
    refused = await host.client.post(f"{UNKNOWN}/{event['id']}/replay")
    assert (event["code"], problem(refused)["code"]) == ("unknown_tenant", "unknown_tenant")
    # When the tenant is there, and the event is replayed
    body = {
        "tenantId": "small",
        "defaultWorkStream": "W",
        "queues": [{"id": "Q"}],
        "workStreams": [{"id": "W", "mode": "push", "fallbackQueue": "Q"}],
    }
    assert (await host.client.put("/api/tenants/small/configuration", json=body)).status_code == 200
    await host.accepted(f"{UNKNOWN}/{event['id']}/replay", b"")
    await host.drain()
    # Then it is recorded there
    assert [entry["id"] for entry in (await host.shown("conversations/c1/transcript", "small"))["entries"]] == ["m1"]
    assert await parked(host) == []


async def test_a_conflict_that_is_replayed_as_it_is_waits_again(host: Host) -> None:
    # Given an event whose id is taken, and that was sent on its way once more
    parked_id = await conflict(host)
    await host.accepted(f"{OWN}/{parked_id}/replay", b"")
    assert await parked(host, "contoso") == []
    # When it is refused there again
    await host.drain()
    # Then it waits again, once, and the recorded event is what it was
    (event,) = await parked(host, "contoso", replayed="true")
    assert (event["id"], event["code"], event["replayedAt"]) == (parked_id, "event_id_conflict", None)
    (entry,) = (await host.shown("conversations/c1/transcript"))["entries"]
    assert entry["text"] == "first"


async def test_a_conflict_that_is_mended_to_what_is_recorded_is_settled(host: Host) -> None:
    parked_id = await conflict(host)
    await host.accepted(f"{OWN}/{parked_id}/replay", line(text="first"))
    await host.drain()
    assert await parked(host, "contoso") == []
    assert await lines(host) == ["m1"]


async def test_another_tenants_parked_event_is_unknown(host: Host) -> None:
    parked_id = await conflict(host)
    for address in ("/api/tenants/fabrikam/parked", "/api/tenants/nobody/parked", UNKNOWN):
        refused = await host.client.post(f"{address}/{parked_id}/replay", json=line(text="first"))
        assert (refused.status_code, problem(refused)["code"]) == (404, "unknown_parked_event")
    assert await parked(host, "fabrikam") == []
    refused = await host.client.get("/api/tenants/nobody/parked")
    assert (refused.status_code, problem(refused)["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize("odd", ["x", "%01", "%F0%9F", "~", "'", "..%20", "a" * 3000, "None", "_unknown"])
async def test_odd_ids_are_unknown(host: Host, odd: str) -> None:
    refused = await host.client.post(f"{OWN}/{odd}/replay", content=b"\xff")
    assert (refused.status_code, problem(refused)["code"]) == (404, "unknown_parked_event")


async def test_odd_parameters_give_a_page_or_name_themselves(host: Host) -> None:
    for odd in ("x", "", "\x00", "'", "👩‍👩‍👧"):
        assert await parked(host, continuation=odd) == []
    assert paths(await host.client.get(UNKNOWN, params={"replayed": "yes"})) == ["replayed"]


async def test_more_than_a_page_is_read_page_by_page(host: Host) -> None:
    # Given sixty bodies that are no events
    await sent(host, *(f"{n}".encode() for n in range(60)))
    # When the pages are read, with the continuation as it stands in an address
    first = await host.shown("parked", "_unknown")
    rest = (await host.client.get(f"{UNKNOWN}?continuation={first['continuation']}")).json()
    # Then each body is there once
    assert (len(first["parked"]), rest["continuation"]) == (50, None)
    assert {event["body"] for event in first["parked"] + rest["parked"]} == {f"{n}" for n in range(60)}


async def test_the_sweep_resubmits_a_dead_letter_of_a_failure_that_passed(host: Host) -> None:
    # Given a right event that became a dead letter while a connection was down, some time ago
    event = event_from(line())
    bus = host.pipeline.bus
    await bus.send([(event.type, event.id, encode_event(event))])
    for _ in range(MAX_DELIVERY_COUNT):
        (delivery,) = await bus.receive("message-posted", 1)
        await bus.abandon(delivery, "ConnectionResetError")
    await host.drain()
    assert bus.backlog().dead_letters == 1
    await host.pipeline.database.write(lambda connection: connection.execute("UPDATE messages SET died_at = 0"))
    # When the sweep runs
    await run_timer(function_named("sweep"), past_due=False)
    await host.drain()
    # Then the event is recorded
    assert await lines(host) == ["m1"]
    assert bus.backlog().dead_letters == 0
