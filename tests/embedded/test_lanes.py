"""Who has a few messages waiting does not wait behind who has many, and meets little of them."""

import asyncio
from datetime import timedelta

import pytest

from shared.clock import MovableClock
from shared.embedded.backlogs import ACTIVE_SECONDS, FEW
from shared.embedded.bus import EmbeddedBus
from shared.embedded.lanes import AT_ONCE, FewWaiting, ManyWaiting, lanes_of
from shared.embedded.messages import Delivery

LINES = "message-posted"


@pytest.fixture
def lanes(bus: EmbeddedBus) -> tuple[FewWaiting, ManyWaiting]:
    return lanes_of(bus)


async def published(bus: EmbeddedBus, tenant_id: str, count: int) -> None:
    await bus.send([("message.posted", f"{number}", b"") for number in range(count)], tenant_id)


async def taken(lane: FewWaiting | ManyWaiting, limit: int = 32) -> list[Delivery]:
    return list(await asyncio.wait_for(lane.receive(LINES, limit), 10))


async def has_looked(bus: EmbeddedBus) -> None:
    """Writes that come after what a receiver asks for show that it has its answer."""
    for _ in range(3):
        await bus.send([("another.subject", "x", b"")])


async def test_each_tenant_comes_by_the_lane_of_its_backlog(
    bus: EmbeddedBus, lanes: tuple[FewWaiting, ManyWaiting]
) -> None:
    # Given a tenant with many messages, and one with a few that came later
    few, many = lanes
    await published(bus, "noisy", FEW + 40)
    await published(bus, "quiet", 3)
    # Then the few come at once by their own lane, and the many by the other
    assert {(one.tenant_id, one.message_id) for one in await taken(few)} == {("quiet", f"{n}") for n in range(3)}
    first = await taken(many)
    assert {one.tenant_id for one in first} == {"noisy"}
    # and when there are few left of the many, these come by the lane of the few
    handled = len(first)
    await many.complete(*first)
    while handled < 40:
        more = await taken(many)
        handled += len(more)
        await many.complete(*more)
    rest = await taken(few, FEW)
    assert {one.tenant_id for one in rest} == {"noisy"}
    assert handled + len(rest) == FEW + 40


async def test_a_tenant_alone_is_handled_as_fast_as_can_be(
    bus: EmbeddedBus, lanes: tuple[FewWaiting, ManyWaiting]
) -> None:
    # Given a tenant with many messages, which had a few before, when nobody else is active
    few, many = lanes
    await published(bus, "noisy", 1)
    await few.complete(*await taken(few))
    await published(bus, "noisy", 1000)
    # Then as many are taken as are wanted, again and again
    assert [len(await taken(many)) for _ in range(3)] == [32, 32, 32]


async def test_beside_an_active_tenant_only_some_of_the_many_are_in_hand(
    bus: EmbeddedBus, lanes: tuple[FewWaiting, ManyWaiting], clock: MovableClock
) -> None:
    # Given an active tenant, and one with many messages
    few, many = lanes
    await published(bus, "quiet", 1)
    await few.complete(*await taken(few))
    await published(bus, "noisy", 1000)
    # When somebody has as many in hand as may be, then the next ones wait until these are given back
    first = await taken(many)
    assert len(first) == AT_ONCE
    second = asyncio.create_task(taken(many))
    await has_looked(bus)
    assert not second.done()
    await many.complete(*first[1:])
    await many.abandon(first[0], "ValueError")
    assert len(await second) == AT_ONCE
    # and when the other tenant has been silent for some seconds, then all that are wanted
    clock.advance(timedelta(seconds=ACTIVE_SECONDS))
    assert len(await taken(many)) == 32


async def test_what_was_taken_while_nobody_else_was_active_is_not_kept_back_for_ever(
    bus: EmbeddedBus, lanes: tuple[FewWaiting, ManyWaiting]
) -> None:
    # Given more messages in hand than may be beside others, when another tenant becomes active
    few, many = lanes
    await published(bus, "noisy", 1000)
    first = await taken(many)
    next_ones = asyncio.create_task(many.receive(LINES, 32))
    await published(bus, "quiet", 1)
    await taken(few)
    # When they are given back, then the next ones come
    await many.complete(*first)
    assert len(await asyncio.wait_for(next_ones, 10)) == 32
