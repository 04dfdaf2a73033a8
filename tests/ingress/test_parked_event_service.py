"""Replaying a parked event: checked as at an ingress, the same event, published, and never lost from sight."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.effects.dispatcher import Dispatcher
from shared.errors import EventIdConflict, InvalidEvent, Mistake, Refused, UnknownParkedEvent, UnknownTenant
from shared.events.catalog import Event
from shared.events.codec import encode_event
from shared.events.envelope import parse_time
from shared.ingress.parked_effect import ParkedEffects
from shared.ingress.parked_event import NO_TENANT, ParkedEvent, park
from shared.ingress.parked_event_service import PAGE, ParkedEventService
from shared.tenants.configurations import Configurations
from shared.tenants.history import Version
from tests.builders import FROM_THE_BEGINNING, contoso, json_values, message, message_document
from tests.fakes import MemoryConfigurations, MemoryConversations, MemoryOverflow, MemoryParked, MemoryPublisher
from tests.seeds import TENANT_SECRET

NOW = parse_time("2026-11-20T12:00:00Z")
BROKEN = InvalidEvent([Mistake("data.author", "is missing")])


@dataclass
class Yard:
    """Parked events in memory, of the tenant contoso and of nobody."""

    store: MemoryParked = field(default_factory=MemoryParked)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)

    async def opened(self) -> "Yard":
        configurations = MemoryConfigurations()
        await configurations.create("contoso", Version(1, FROM_THE_BEGINNING, contoso()), TENANT_SECRET.encode())
        clock = MovableClock(NOW)
        conversations = MemoryConversations()
        effects = Dispatcher(conversations, {}, ParkedEffects(self.store, clock), clock)
        self.parked_event_service = ParkedEventService(
            self.store,
            Configurations(configurations, clock),
            self.publisher,
            MemoryOverflow(),
            conversations,
            effects,
            clock,
        )
        return self

    async def park(self, body: bytes, tenant: str = NO_TENANT, reason: Refused = BROKEN) -> str:
        event = park(body, reason, NOW)
        await self.store.park(tenant, event)
        return event.id

    async def park_at(self, moment: datetime, tenant: str, *bodies: bytes) -> None:
        for body in bodies:
            await self.store.park(tenant, park(body, BROKEN, moment))

    async def waiting(self, tenant: str = NO_TENANT) -> Sequence[ParkedEvent]:
        return (await self.parked_event_service.page(tenant, None, replayed=False)).events

    async def refusal(self, parked_id: str, mended: bytes = b"", tenant: str = NO_TENANT) -> Refused:
        """Why the replay is refused; nothing is published then, and the event still waits."""
        with pytest.raises(Refused) as refused:
            await self.parked_event_service.replay(tenant, parked_id, mended)
        assert self.publisher.events == []
        assert all(event.replaying_at is None for event in await self.store.parked(tenant, replayed=True))
        return refused.value


def body(**members: Any) -> bytes:
    return json.dumps(message_document(**members)).encode()


def paths(refused: Refused) -> list[str]:
    assert isinstance(refused, InvalidEvent)
    return sorted(mistake.path for mistake in refused.mistakes)


async def test_an_event_that_can_be_right_by_now_is_published_as_it_was_and_waits_no_more() -> None:
    # Given an event that came before its tenant
    yard = await Yard().opened()
    parked_id = await yard.park(body(), reason=UnknownTenant("contoso"))
    # When it is replayed
    assert await yard.parked_event_service.replay(NO_TENANT, parked_id, b" \n") == "m1"
    # Then it is on the bus, and no longer listed but where everything is
    assert [json.loads(event.to_json()) for event in yard.publisher.events] == [message_document()]
    assert list(await yard.waiting()) == []
    (kept,) = (await yard.parked_event_service.page(NO_TENANT, None, replayed=True)).events
    assert kept.replayed_at == "2026-11-20T12:00:00Z"


async def test_a_mended_event_is_published_in_place_of_the_parked_one() -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}))
    await yard.parked_event_service.replay(NO_TENANT, parked_id, body())
    assert [event.id for event in yard.publisher.events] == ["m1"]
    assert list(await yard.waiting()) == []


async def test_a_replayed_event_can_be_replayed_again_with_the_same_identity() -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}))
    for _ in range(2):
        await yard.parked_event_service.replay(NO_TENANT, parked_id, body())
    first, second = yard.publisher.events
    assert (first.subject, first.source, first.id) == (second.subject, second.source, second.id)
    assert list(await yard.waiting()) == []


async def test_an_event_that_still_is_wrong_stays_parked_with_its_reason() -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}))
    assert paths(await yard.refusal(parked_id)) == ["data.author"]
    assert paths(await yard.refusal(parked_id, body(data={"author": {"role": "owner", "id": "u"}}))) == [
        "data.author.role"
    ]
    assert [event.detail for event in await yard.waiting()] == ["data.author: is missing"]


@pytest.mark.parametrize("mended", [b"{", b"[]", b"null", b"\xff", b"[" + body() + b"]", b'{"type": "x"}'])
async def test_what_is_no_event_mends_nothing(mended: bytes) -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}))
    assert (await yard.refusal(parked_id, mended)).code == "invalid_event"


@pytest.mark.parametrize("member", ["id", "source", "subject"])
async def test_a_mended_event_is_the_parked_one(member: str) -> None:
    # Given a parked event whose identity can be read
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}))
    # When another event claims to be it, then it is refused, by the member
    assert paths(await yard.refusal(parked_id, body(**{member: "another"}))) == [member]


async def test_a_tenants_parked_event_stays_with_the_tenant() -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(), "contoso", EventIdConflict("m1"))
    assert paths(await yard.refusal(parked_id, body(tenantid="fabrikam"), "contoso")) == ["tenantid"]
    nobodys = await yard.park(body(tenantid="nobody"), reason=UnknownTenant("nobody"))
    assert paths(await yard.refusal(nobodys, body())) == ["tenantid"]
    assert (await yard.refusal(nobodys)).code == "unknown_tenant"


@pytest.mark.parametrize(
    "parked",
    [
        b"\xff\xfe",
        b"{",
        b"[]",
        b"{}",
        body(id="x" * 129, source="", subject=7, tenantid=""),
        body(id=None, subject=None, data={}),
        json.dumps({"type": "unknown", "id": "m1", "source": "/tests"}).encode(),
        b'{"id": "caf\xe9", "tenantid": "contoso"}',
    ],
)
async def test_what_could_not_be_read_of_the_identity_may_be_mended(parked: bytes) -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(parked)
    assert await yard.parked_event_service.replay(NO_TENANT, parked_id, body()) == "m1"


async def test_a_body_that_could_not_be_kept_whole_is_only_replayed_mended() -> None:
    # Given a right event but for a byte that is no UTF-8, which is kept as U+FFFD
    yard = await Yard().opened()
    parked_id = await yard.park(body().replace(b"Hello", b"caf\xe9"))
    # When it is replayed as it is kept, then it is refused
    assert paths(await yard.refusal(parked_id)) == [""]
    assert await yard.parked_event_service.replay(NO_TENANT, parked_id, body()) == "m1"


MEMBERS = st.fixed_dictionaries({}, optional={name: json_values(3) for name in message_document()})
BODIES = st.binary(max_size=20) | MEMBERS.map(lambda members: json.dumps({**message_document(), **members}).encode())


@settings(max_examples=200)
@given(BODIES, BODIES)
async def test_whatever_is_parked_and_whatever_mends_it_is_published_or_refused(parked: bytes, mended: bytes) -> None:
    # Given any parked body, and any body to mend it
    yard = await Yard().opened()
    parked_id = await yard.park(parked)
    # When it is replayed
    with contextlib.suppress(Refused):
        await yard.parked_event_service.replay(NO_TENANT, parked_id, mended)
    # Then it is on the bus, or it waits
    assert len(yard.publisher.events) + len(await yard.waiting()) == 1


async def test_ids_that_do_not_exist_and_those_of_others_are_unknown_alike() -> None:
    yard = await Yard().opened()
    parked_id = await yard.park(body(data={}), "contoso")
    for tenant, asked in [("fabrikam", parked_id), (NO_TENANT, parked_id), ("contoso", "x"), ("contoso", "")]:
        assert isinstance(await yard.refusal(asked, body(), tenant), UnknownParkedEvent)


async def test_an_event_refused_while_its_replay_is_under_way_still_waits() -> None:
    # Given a bus that delivers before the publisher returns, and an event that is refused there
    yard = Yard()

    class Swift(MemoryPublisher):
        async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
            for event in events:
                await yard.park(encode_event(event), tenant_id, EventIdConflict(event.id))

    yard.publisher = Swift()
    await yard.opened()
    parked_id = await yard.park(encode_event(message()), "contoso", UnknownTenant("contoso"))
    # When it is replayed
    await yard.parked_event_service.replay("contoso", parked_id, b"")
    # Then it waits, with what is wrong with it now
    assert [(event.id, event.code) for event in await yard.waiting("contoso")] == [(parked_id, "event_id_conflict")]


async def test_an_event_whose_replay_could_not_be_published_still_waits() -> None:
    class Broken(MemoryPublisher):
        async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
            raise ConnectionError

    yard = await Yard(publisher=Broken()).opened()
    parked_id = await yard.park(body(data={}))
    with pytest.raises(ConnectionError):
        await yard.parked_event_service.replay(NO_TENANT, parked_id, body())
    assert [event.id for event in await yard.waiting()] == [parked_id]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2)])
async def test_a_page_ends_with_where_the_next_one_begins(count: int, pages: int) -> None:
    # Given some parked events
    yard = await Yard().opened()
    ids = {await yard.park(f"{n}".encode()) for n in range(count)}
    # When they are read page by page
    page = await yard.parked_event_service.page(NO_TENANT, None, replayed=False)
    read = [page]
    while page.continuation:
        page = await yard.parked_event_service.page(NO_TENANT, page.continuation, replayed=False)
        read.append(page)
    # Then there are no more pages than needed, and each event is on one
    assert len(read) == pages
    assert sorted(event.id for one in read for event in one.events) == sorted(ids)


async def test_what_was_parked_is_forgotten_with_its_tenants_retention() -> None:
    # Given more than a page of old events of a tenant and of nobody, and events that are just young enough
    yard = await Yard().opened()
    retention = timedelta(days=contoso().retention_days)
    old, young = NOW - retention - timedelta(microseconds=1), NOW - retention
    for tenant in ("contoso", NO_TENANT):
        await yard.park_at(old, tenant, *(f"old {number}".encode() for number in range(PAGE + 3)))
        await yard.park_at(young, tenant, b"young")
    # When what is expired is forgotten, once and again
    assert await yard.parked_event_service.forget_expired() == 2 * (PAGE + 3)
    assert await yard.parked_event_service.forget_expired() == 0
    # Then the young ones are left
    for tenant in ("contoso", NO_TENANT):
        assert [event.body for event in await yard.waiting(tenant)] == ["young"]
