"""Dead letters of the topic on SQLite: listed with reason, time and tries, and made new messages."""

import asyncio
from datetime import datetime, timedelta

from shared.clock import MovableClock
from shared.embedded.bus import LOCK_SECONDS, Backlog, EmbeddedBus
from shared.embedded.messages import Delivery
from shared.events.bus import DELIVERIES_EXCEEDED, MAX_DELIVERY_COUNT, DeadLetter
from shared.events.envelope import parse_time
from shared.ingress.resubmit import RESUBMIT_AFTER, Resubmission

LINES = "message-posted"
NOW = parse_time("2026-10-05T10:00:00Z")


async def only(bus: EmbeddedBus) -> Delivery:
    """The one message that is there already; a test that would have to wait for it fails."""
    (delivery,) = await asyncio.wait_for(bus.receive(LINES, 10), 10)
    return delivery


async def buried(bus: EmbeddedBus, reason: str = "TimeoutError") -> Delivery:
    """The last delivery of the message that is there, which has failed by now as all before it."""
    for _ in range(MAX_DELIVERY_COUNT):
        delivery = await only(bus)
        await bus.abandon(delivery, reason)
    return delivery


def every(_: DeadLetter) -> bool:
    return True


async def offered(bus: EmbeddedBus, until: datetime) -> list[DeadLetter]:
    """The dead letters that the bus offers, of which none is worth another try."""
    letters: list[DeadLetter] = []

    def see(letter: DeadLetter) -> bool:
        letters.append(letter)
        return False

    assert not await bus.resubmit(until, see)
    return letters


async def dead(bus: EmbeddedBus, clock: MovableClock) -> DeadLetter:
    (letter,) = await offered(bus, clock.now())
    return letter


async def test_a_dead_letter_says_why_and_since_when(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a message whose deliveries all failed
    await bus.send([("message.posted", "m1", b"body")])
    clock.advance(timedelta(hours=1))
    await buried(bus, "HeadChanged")
    # Then it is offered from that moment on
    assert await dead(bus, clock) == DeadLetter(LINES, "m1", "HeadChanged", clock.now(), 0)
    assert await offered(bus, clock.now() - timedelta(microseconds=1)) == []


async def test_a_message_whose_locks_ran_out_says_so(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a message that killed its receivers
    await bus.send([("message.posted", "m1", b"body")])
    for _ in range(MAX_DELIVERY_COUNT):
        await only(bus)
        clock.advance(timedelta(seconds=LOCK_SECONDS))
    # When the next receiver comes
    await bus.send([("message.posted", "m2", b"body")])
    assert (await only(bus)).message_id == "m2"
    # Then it is a dead letter
    letter = await dead(bus, clock)
    assert (letter.message_id, letter.reason, letter.died_at) == ("m1", DELIVERIES_EXCEEDED, clock.now())


async def test_a_resubmitted_message_is_new_but_for_its_id_and_its_body(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a dead letter, and a receiver that waits
    await bus.send([("message.posted", "m1", b"body")])
    former = await buried(bus)
    receiver = asyncio.create_task(bus.receive(LINES, 10))
    # When it is resubmitted
    letter = await dead(bus, clock)
    assert list(await bus.resubmit(clock.now(), every)) == [letter]
    # Then the receiver has it, with its deliveries counted from one
    (delivery,) = await asyncio.wait_for(receiver, 10)
    assert (delivery.message_id, delivery.body, delivery.delivery_count) == ("m1", b"body", 1)
    assert bus.backlog() == Backlog(active=1, dead_letters=0)
    # and who held it before can settle it no more, nor can it be resubmitted twice
    assert not await bus.complete(former)
    await bus.abandon(former, "late")
    assert list(await bus.resubmit(clock.now(), every)) == []
    assert await bus.complete(delivery)
    assert bus.backlog() == Backlog(active=0, dead_letters=0)


async def test_a_message_that_always_dies_stays_dead_in_the_end(bus: EmbeddedBus, clock: MovableClock) -> None:
    resubmission = Resubmission(bus, clock)
    await bus.send([("message.posted", "m1", b"body")])
    # Given a message that dies again after each of five tries
    for tried in range(5):
        await buried(bus)
        assert (await dead(bus, clock)).resubmissions == tried
        assert await resubmission.run() == 0
        clock.advance(RESUBMIT_AFTER)
        assert await resubmission.run() == 1
    await buried(bus)
    # Then it is not resubmitted any more
    clock.advance(timedelta(days=1))
    assert await resubmission.run() == 0
    assert bus.dead_letters() == [("m1", "TimeoutError")]


async def test_a_dead_letter_of_a_mistake_stays(bus: EmbeddedBus, clock: MovableClock) -> None:
    await bus.send([("message.posted", "m1", b"body")])
    await buried(bus, "ValueError")
    clock.advance(timedelta(days=1))
    assert await Resubmission(bus, clock).run() == 0
    assert bus.backlog() == Backlog(active=0, dead_letters=1)
