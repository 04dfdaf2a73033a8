"""The topic on SQLite: one subscription a message, at least once, locks that run out, ten deliveries, no polling."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from shared.clock import MovableClock
from shared.embedded.backlogs import ACTIVE_SECONDS, FEW, MOST_BESIDE_OTHERS, MOST_SECONDS
from shared.embedded.bus import LOCK_SECONDS, Backlog, EmbeddedBus
from shared.embedded.database import Database
from shared.embedded.messages import Delivery
from shared.events.bus import MAX_DELIVERY_COUNT, SUBSCRIPTIONS, UNROUTED
from shared.events.catalog import Event
from shared.events.codec import decode_event
from tests.builders import ended, escalated, message, started

LINES = "message-posted"
LOCK = timedelta(seconds=LOCK_SECONDS)


async def sent(bus: EmbeddedBus, *ids: str, subject: str | None = "message.posted") -> None:
    await bus.send([(subject, one, f"body of {one}".encode()) for one in ids])


async def received(bus: EmbeddedBus, limit: int = 10, subscription: str = LINES) -> list[Delivery]:
    """What is there already; a test that would have to wait for it fails."""
    return await asyncio.wait_for(bus.receive(subscription, limit), 10)


async def only(bus: EmbeddedBus) -> Delivery:
    (delivery,) = await received(bus)
    return delivery


def seen(deliveries: list[Delivery]) -> list[tuple[str, int]]:
    return [(delivery.message_id, delivery.delivery_count) for delivery in deliveries]


async def waiting(bus: EmbeddedBus) -> asyncio.Task[list[Delivery]]:
    """A receiver that has found nothing and waits; the write that it waited for shows that it has looked."""
    receiver = asyncio.create_task(bus.receive(LINES, 10))
    for _ in range(3):
        await bus.send([("another.subject", "x", b"")])
    assert not receiver.done()
    return receiver


async def nothing_comes(bus: EmbeddedBus) -> bool:
    """Whether a receiver finds nothing."""
    receiver = await waiting(bus)
    receiver.cancel()
    await asyncio.gather(receiver, return_exceptions=True)
    return receiver.cancelled()


@pytest.mark.parametrize(
    ("subject", "subscription"),
    [
        *((subject, name) for name, subject in SUBSCRIPTIONS.items()),
        ("unknown.type", UNROUTED),
        ("", UNROUTED),
        ("Message.Posted", UNROUTED),
        (None, UNROUTED),
    ],
)
async def test_a_message_goes_to_the_one_subscription_of_its_subject(
    bus: EmbeddedBus, subject: str | None, subscription: str
) -> None:
    # Given one message
    await sent(bus, "m1", subject=subject)
    # Then its subscription has it, and once that has settled it, nobody has
    (delivery,) = await received(bus, subscription=subscription)
    assert (delivery.message_id, delivery.body, delivery.subscription) == ("m1", b"body of m1", subscription)
    assert await bus.complete(delivery)
    assert bus.backlog() == Backlog(active=0, dead_letters=0)


async def test_published_events_are_messages_with_their_type_and_json(bus: EmbeddedBus) -> None:
    # Given an event of each type that is stored
    events: list[Event] = [started(), message(at="2026-10-05T10:00:00.1234567Z", text="\x00👋"), escalated(), ended()]
    await bus.publish("contoso", events)
    for event in events:
        name = next(name for name, subject in SUBSCRIPTIONS.items() if subject == event.type)
        # Then it is in the subscription of its type, and comes back equal
        (delivery,) = await received(bus, subscription=name)
        assert decode_event(delivery.body) == event


async def test_messages_come_oldest_first_and_no_more_than_asked_for(bus: EmbeddedBus) -> None:
    await sent(bus, "m1", "m2")
    await sent(bus, "m3")
    assert seen(await received(bus, limit=2)) == [("m1", 1), ("m2", 1)]
    assert seen(await received(bus, limit=2)) == [("m3", 1)]


async def test_a_message_in_hand_is_nobody_elses(bus: EmbeddedBus) -> None:
    # Given a message that a receiver holds
    await sent(bus, "m1")
    await only(bus)
    # Then another receiver waits, until there is something for it
    receiver = await waiting(bus)
    await sent(bus, "m2")
    assert seen(await asyncio.wait_for(receiver, 10)) == [("m2", 1)]


async def test_a_completed_message_never_comes_back(bus: EmbeddedBus, clock: MovableClock) -> None:
    await sent(bus, "m1", "m2")
    first, second = await received(bus)
    assert await bus.complete(first)
    clock.advance(LOCK)
    assert seen(await received(bus)) == [("m2", 2)]
    assert not await bus.complete(first)
    assert not await bus.complete(second)


async def test_messages_are_completed_together_but_for_those_that_another_has_by_now(
    bus: EmbeddedBus, clock: MovableClock
) -> None:
    # Given three messages, one of which another receiver has by now
    await sent(bus, "m1", "m2", "m3")
    late = await received(bus, limit=1)
    clock.advance(LOCK)
    again, *others = await received(bus)
    assert seen([again, *others]) == [("m1", 2), ("m2", 1), ("m3", 1)]
    # When all are completed, then that one stays, and the answer says so
    assert not await bus.complete(*late, *others)
    assert bus.backlog() == Backlog(active=1, dead_letters=0)
    assert await bus.complete(again)
    assert bus.backlog() == Backlog(active=0, dead_letters=0)


async def test_what_a_receiver_had_that_was_cancelled_comes_when_its_lock_runs_out(
    bus: EmbeddedBus, clock: MovableClock
) -> None:
    # Given a bus that has been asked before, and a receiver that is cancelled while its messages are being locked
    assert await nothing_comes(bus)
    await sent(bus, "m1")
    cancelled = asyncio.create_task(bus.receive(LINES, 10))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    # Then nobody else has them meanwhile, and the next receiver has them later
    assert await nothing_comes(bus)
    clock.advance(LOCK)
    assert seen(await received(bus)) == [("m1", 2)]


async def test_a_bus_on_a_file_that_has_locks_knows_when_they_run_out(
    bus: EmbeddedBus, database: Database, clock: MovableClock
) -> None:
    # Given a message that was locked through another bus on the same file
    await sent(bus, "m1")
    await only(bus)
    other = EmbeddedBus(database, clock)
    assert await nothing_comes(other)
    # When that lock has run out, then this one has the message
    clock.advance(LOCK)
    assert seen(await received(other)) == [("m1", 2)]


async def test_what_could_not_be_locked_is_looked_for_again(bus: EmbeddedBus, database: Database) -> None:
    # Given a file in which nothing can be locked when a receiver wants a message, and could be before
    assert await nothing_comes(bus)
    await sent(bus, "m1")
    await database.write(lambda connection: connection.execute("ALTER TABLE deliveries RENAME TO elsewhere"))
    with pytest.raises(sqlite3.OperationalError):
        await received(bus)
    # When it can be again, then the message comes, although no other has arrived
    await database.write(lambda connection: connection.execute("ALTER TABLE elsewhere RENAME TO deliveries"))
    assert seen(await received(bus)) == [("m1", 1)]


async def test_a_lock_that_ran_out_makes_the_message_available_again(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a receiver that died with a message in hand
    await sent(bus, "m1")
    await only(bus)
    # When its lock has run out, and not before
    clock.advance(LOCK - timedelta(seconds=1))
    assert await nothing_comes(bus)
    clock.advance(timedelta(seconds=1))
    # Then the message comes again, and says so
    assert (await only(bus)).delivery_count == 2


async def test_who_is_late_cannot_complete_what_another_has_by_now(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a message whose lock ran out, and that another receiver has now
    await sent(bus, "m1")
    late = await only(bus)
    clock.advance(LOCK)
    now = await only(bus)
    # When the first completes or gives it back, then nothing happens
    assert not await bus.complete(late)
    await bus.abandon(late, "late")
    assert bus.backlog() == Backlog(active=1, dead_letters=0)
    # and it still is the second's
    assert await nothing_comes(bus)
    assert await bus.complete(now)


async def test_who_is_late_but_first_still_completes(bus: EmbeddedBus, clock: MovableClock) -> None:
    await sent(bus, "m1")
    late = await only(bus)
    clock.advance(LOCK * 2)
    assert await bus.complete(late)
    assert bus.backlog().active == 0


async def test_an_abandoned_message_comes_again_at_once_and_in_its_place(bus: EmbeddedBus) -> None:
    # Given two messages, one of them in hand
    await sent(bus, "m1", "m2")
    (delivery,) = await received(bus, limit=1)
    # When it is given back, then it comes first again
    await bus.abandon(delivery, "ValueError")
    assert seen(await received(bus)) == [("m1", 2), ("m2", 1)]


async def test_a_message_given_back_wakes_a_receiver(bus: EmbeddedBus) -> None:
    await sent(bus, "m1")
    delivery = await only(bus)
    receiver = await waiting(bus)
    await bus.abandon(delivery, "ValueError")
    assert seen(await asyncio.wait_for(receiver, 10)) == [("m1", 2)]


async def test_after_ten_deliveries_that_failed_a_message_is_a_dead_letter(bus: EmbeddedBus) -> None:
    # Given a message that nobody can handle, and one behind it
    await sent(bus, "poison", "m2")
    for count in range(1, MAX_DELIVERY_COUNT + 1):
        (delivery,) = await received(bus, limit=1)
        assert seen([delivery]) == [("poison", count)]
        await bus.abandon(delivery, f"failure {count}")
    # Then it is buried with the last reason, and the other one comes
    assert bus.backlog() == Backlog(active=1, dead_letters=1)
    assert bus.dead_letters() == [("poison", "failure 10")]
    assert seen(await received(bus)) == [("m2", 1)]


async def test_after_ten_locks_that_ran_out_a_message_is_a_dead_letter(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a message that kills whoever receives it
    await sent(bus, "poison")
    for count in range(1, MAX_DELIVERY_COUNT + 1):
        assert seen(await received(bus)) == [("poison", count)]
        clock.advance(LOCK)
    # Then nobody receives it any more, and what comes later is delivered
    await sent(bus, "m2")
    assert seen(await received(bus)) == [("m2", 1)]
    assert bus.dead_letters() == [("poison", "MaxDeliveryCountExceeded")]


async def test_a_dead_letter_stays_dead(bus: EmbeddedBus, clock: MovableClock) -> None:
    await sent(bus, "poison")
    for _ in range(MAX_DELIVERY_COUNT):
        delivery = await only(bus)
        await bus.abandon(delivery, "failure")
    assert not await bus.complete(delivery)
    clock.advance(LOCK * 2)
    await bus.release_locks()
    assert await nothing_comes(bus)
    assert bus.dead_letters() == [("poison", "failure")]


async def test_a_receiver_wakes_when_something_is_published(bus: EmbeddedBus) -> None:
    # Given a receiver that waits, though the lock of another message runs for five minutes of a clock that stands still
    await sent(bus, "held")
    await only(bus)
    receiver = await waiting(bus)
    # When an event is published, then it wakes
    await bus.publish("contoso", [message()])
    (delivery,) = await asyncio.wait_for(receiver, 10)
    assert decode_event(delivery.body) == message()


@pytest.mark.parametrize(("held", "expected"), [(False, 2), (True, 1)])
async def test_a_receiver_that_waits_does_not_poll(
    bus: EmbeddedBus, database: Database, held: bool, expected: int
) -> None:
    # Given a receiver that has looked once and found nothing, or knows that another one has all that is there
    if held:
        await sent(bus, "held")
        await only(bus)
    looks: list[str] = []
    await database.write(lambda connection: connection.set_trace_callback(looks.append))
    receiver = await waiting(bus)
    # When time goes by (that nothing happens meanwhile is what no event can tell), and then a message comes
    await asyncio.sleep(0.3)
    await sent(bus, "m1")
    await asyncio.wait_for(receiver, 10)
    # Then it has looked once more
    assert sum("WITH RECURSIVE" in statement for statement in looks) == expected


async def test_of_receivers_at_once_each_gets_messages_of_its_own(bus: EmbeddedBus) -> None:
    # Given five receivers that wait
    receivers = [asyncio.create_task(bus.receive(LINES, 1)) for _ in range(5)]
    # When five messages come
    await sent(bus, *"abcde")
    # Then each receiver has one
    deliveries = await asyncio.wait_for(asyncio.gather(*receivers), 10)
    assert sorted(seen([one for taken in deliveries for one in taken])) == [(name, 1) for name in "abcde"]


async def test_a_process_that_takes_over_frees_what_the_dead_one_held(bus: EmbeddedBus) -> None:
    await sent(bus, "m1")
    await only(bus)
    await bus.release_locks()
    assert seen(await received(bus)) == [("m1", 2)]


async def test_nothing_published_is_no_message(bus: EmbeddedBus) -> None:
    await bus.publish("contoso", [])
    assert bus.backlog() == Backlog(active=0, dead_letters=0)


async def published(bus: EmbeddedBus, tenant_id: str, count: int) -> None:
    await bus.send([("message.posted", f"{tenant_id} {number}", b"") for number in range(count)], tenant_id)


async def test_tenants_are_served_in_turn(bus: EmbeddedBus) -> None:
    # Given a tenant with a thousand messages, and two with a few that came after them
    await published(bus, "noisy", 1000)
    await published(bus, "quiet", 3)
    await published(bus, "small", 1)
    # When a receiver takes ten, then each tenant has its share of them, in turn, and its oldest come first
    taken = [one.message_id for one in await received(bus, limit=10)]
    assert taken[:5] == ["noisy 0", "quiet 0", "small 0", "noisy 1", "quiet 1"]
    assert sorted(taken) == sorted([*(f"noisy {n}" for n in range(6)), *(f"quiet {n}" for n in range(3)), "small 0"])
    # and who is alone has all
    assert [one.message_id for one in await received(bus, limit=10)] == [f"noisy {n}" for n in range(6, 16)]


async def test_more_tenants_than_are_taken_at_once_have_their_turns(bus: EmbeddedBus) -> None:
    # Given eleven tenants with two messages each, and one that has many
    for number in range(11):
        await published(bus, f"tenant-{number:02}", 2)
    await published(bus, "noisy", 100)
    # When four are taken each time, then all tenants have had a turn before any has a third one
    taken = [one.tenant_id for _ in range(6) for one in await received(bus, limit=4)]
    assert sorted(taken) == sorted([*(f"tenant-{number:02}" for number in range(11)), "noisy"] * 2)


async def test_what_nobody_was_named_for_has_its_turn_too(bus: EmbeddedBus) -> None:
    await published(bus, "noisy", 100)
    await sent(bus, "m1")
    assert "m1" in [one.message_id for one in await received(bus, limit=2)]


async def test_a_backlog_is_as_deep_as_it_takes_to_handle_it(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a bus on which 100 messages a second are handled, while one tenant always has more, and another a few
    await published(bus, "noisy", 10_000)
    await published(bus, "quiet", FEW)
    for _ in range(50):
        taken = [one for one in await received(bus, limit=100) if one.tenant_id == "noisy"]
        clock.advance(timedelta(seconds=len(taken) / 100))
        assert await bus.complete(*taken)
    # Then it takes so many seconds until the next message of the one is handled, and none for the other
    left = bus.backlog().active - FEW
    assert bus.backlog_seconds("noisy") == pytest.approx(left / 100, rel=0.1)
    assert [bus.backlog_seconds(tenant) for tenant in ("quiet", "nobody")] == [0, 0]
    # and if a second tenant has many too, twice as long, as they are served in turn
    await published(bus, "second", 1000)
    assert bus.backlog_seconds("noisy") == pytest.approx(2 * left / 100, rel=0.1)
    # and if nothing is handled any more, longer and longer
    clock.advance(timedelta(minutes=10))
    assert bus.backlog_seconds("noisy") > 2 * left / 100 * 10


async def test_a_backlog_is_too_deep_sooner_beside_others(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a tenant alone, whose messages take between two and ten seconds
    await published(bus, "noisy", 3000)
    seconds = bus.backlog_seconds("noisy")
    assert MOST_BESIDE_OTHERS < seconds < MOST_SECONDS
    # Then it may send more, until they take more than ten
    assert bus.too_deep_by("noisy") == 0
    await published(bus, "noisy", 10_000)
    assert bus.too_deep_by("noisy") == pytest.approx(bus.backlog_seconds("noisy") - MOST_SECONDS)
    # and beside another tenant that is active, until they take more than two
    await published(bus, "quiet", 1)
    assert bus.too_deep_by("noisy") == pytest.approx(bus.backlog_seconds("noisy") - MOST_BESIDE_OTHERS)
    assert bus.too_deep_by("quiet") == 0
    clock.advance(timedelta(seconds=ACTIVE_SECONDS))
    assert bus.too_deep_by("noisy") == pytest.approx(bus.backlog_seconds("noisy") - MOST_SECONDS)


async def test_a_backlog_that_another_process_left_is_known(database: Database, clock: MovableClock) -> None:
    await published(EmbeddedBus(database, clock), "noisy", 10_000)
    assert EmbeddedBus(database, clock).backlog_seconds("noisy") > 1


async def test_a_backlog_knows_what_dies_and_what_comes_again(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a tenant with just more messages than few, one of which dies
    await published(bus, "noisy", FEW + 1)
    assert bus.backlog_seconds("noisy") > 0
    for _ in range(MAX_DELIVERY_COUNT):
        (delivery,) = await received(bus, limit=1)
        await bus.abandon(delivery, "ValueError")
    # Then it has few, and again one more when that is resubmitted
    assert bus.backlog_seconds("noisy") == 0
    await bus.resubmit(clock.now(), lambda _: True)
    assert bus.backlog_seconds("noisy") > 0


async def test_an_idle_bus_says_nothing_about_how_fast_it_is(bus: EmbeddedBus, clock: MovableClock) -> None:
    # Given a bus that had a message a minute, each handled at once
    for _ in range(10):
        await published(bus, "quiet", 1)
        assert await bus.complete(*await received(bus))
        clock.advance(timedelta(minutes=1))
    # When many come, then they do not take minutes each
    await published(bus, "quiet", 1000)
    assert 0 < bus.backlog_seconds("quiet") < 10
