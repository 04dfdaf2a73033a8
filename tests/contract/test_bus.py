"""What every bus promises: an event reaches its type's subscription, once and exactly, and dead letters go again."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from shared.errors import EventTooLarge
from shared.events.bus import SUBSCRIPTIONS, UNROUTED, DeadLetter
from shared.events.catalog import Event
from shared.events.codec import MAX_EVENT_BYTES, decode_event, encode_event, event_from
from tests.builders import changed, document, ended, escalated, message, message_document, started
from tests.contract.buses import BUSES, Bus, Received

TENANT = "contoso"
LINES = "message-posted"
SOON = timedelta(minutes=1)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(params=BUSES, scope="module", loop_scope="module")
async def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    # Once for all tests: opening and closing connections to Service Bus takes longer than they do.
    async with BUSES[request.param](tmp_path_factory.mktemp("bus")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def bus(adapter: Bus) -> Bus:
    await adapter.empty()
    return adapter


def in_a_moment() -> datetime:
    return datetime.now(UTC) + SOON


def every(_: DeadLetter) -> bool:
    return True


def timeout() -> Event:
    return event_from(document("inactivity.timeout", {"dueAt": "2026-10-05T10:05:00Z"}))


def delivered(subscription: str, *events: Event) -> list[Received]:
    return sorted((subscription, encode_event(event)) for event in events)


def padded(size: int, event_id: str = "padded") -> Event:
    """A line of exactly so many bytes."""
    empty = event_from(message_document(id=event_id, padding=""))
    event = empty.model_copy(update={"padding": "x" * (size - len(encode_event(empty)))})
    assert len(encode_event(event)) == size
    return event


async def test_each_type_reaches_its_subscription_once(bus: Bus) -> None:
    # Given an event of each type
    events: list[Event] = [started(), message(), changed(), escalated(), timeout(), ended()]
    assert [event.type for event in events] == list(SUBSCRIPTIONS.values())
    # When they are published
    await bus.publisher.publish(TENANT, events)
    # Then each subscription has its own, with its identity, and nobody has another
    expected = [line for name, event in zip(SUBSCRIPTIONS, events, strict=True) for line in delivered(name, event)]
    assert await bus.received(len(events)) == sorted(expected)


@pytest.mark.parametrize("subject", [None, "", "message.postponed", "MESSAGE.POSTED"])
async def test_what_no_subscription_takes_is_unrouted(bus: Bus, subject: str | None) -> None:
    await bus.send(subject, "m1", b"body")
    assert await bus.received(1) == [(UNROUTED, b"body")]


async def test_a_stranger_reaches_the_subscription_that_the_subject_names(bus: Bus) -> None:
    await bus.send("bot.escalated", "m1", b"\x00\xff no JSON")
    assert await bus.received(1) == [("bot-escalated", b"\x00\xff no JSON")]


async def test_text_comes_back_exactly(bus: Bus) -> None:
    # Given a line with every kind of text
    event = message(text='שלום 👩‍👩‍👧 \r\n\t "\\" \u2028 \x7f é e\u0301', event_id="ü/🙂")
    # When it is published, then it is what was published
    await bus.publisher.publish(TENANT, [event])
    ((_, body),) = await bus.received(1)
    assert decode_event(body) == event


async def test_nothing_to_publish_is_nothing_sent(bus: Bus) -> None:
    await bus.publisher.publish(TENANT, [])
    assert await bus.received(0) == []


async def test_many_events_at_once_are_more_than_one_batch(bus: Bus) -> None:
    # Given events of half a megabyte, one of them as large as an event may be, and many small ones
    large = [padded(90 * 1024, f"large{n}") for n in range(3)]
    events = [*large, padded(MAX_EVENT_BYTES), *(message(event_id=f"m{n}") for n in range(300))]
    # When they are published in one go
    await bus.publisher.publish(TENANT, events)
    # Then each is there once
    assert await bus.received(len(events)) == delivered(LINES, *events)


async def test_an_event_too_large_is_refused_before_anything_is_sent(bus: Bus) -> None:
    # Given an event one byte too large, among others
    events = [message(event_id="before"), padded(MAX_EVENT_BYTES + 1), message(event_id="after")]
    # When they are published
    with pytest.raises(EventTooLarge, match=f"has {MAX_EVENT_BYTES + 1} bytes"):
        await bus.publisher.publish(TENANT, events)
    # Then none was, and the bus still works
    await bus.publisher.publish(TENANT, [message(event_id="next")])
    assert await bus.received(1) == delivered(LINES, message(event_id="next"))


async def test_fifty_first_uses_at_once_all_work(bus: Bus) -> None:
    # Given a process that has published nothing yet
    publisher, _ = bus.another_process()
    events = [message(event_id=f"m{n}") for n in range(50)]
    # When fifty callers publish at once, and again
    await asyncio.gather(*(publisher.publish(TENANT, [event]) for event in events))
    await asyncio.gather(*(publisher.publish(TENANT, [event]) for event in events))
    # Then each event is there twice
    assert Counter(await bus.received(100)) == Counter(delivered(LINES, *events) * 2)


async def test_a_caller_that_goes_away_takes_nobody_with_it(bus: Bus) -> None:
    # Given two callers of a new process, of which the first is gone at once
    publisher, _ = bus.another_process()
    first = asyncio.create_task(publisher.publish(TENANT, [message(event_id="m1")]))
    second = asyncio.create_task(publisher.publish(TENANT, [message(event_id="m2")]))
    await asyncio.sleep(0)
    first.cancel()
    # When the second has published, then its event is there
    await second
    assert await asyncio.wait([first])
    assert delivered(LINES, message(event_id="m2"))[0] in await bus.received(1)


async def test_a_dead_letter_that_is_worth_it_goes_again_with_its_id_and_body(bus: Bus) -> None:
    # Given a message that died
    event = message()
    await bus.send(event.type, "m1", encode_event(event))
    await bus.bury(LINES, "TimeoutError")
    assert await bus.received(0) == []
    # When it is resubmitted
    (letter,) = await bus.letters.resubmit(in_a_moment(), every)
    # Then its own subscription has it again, and it is no dead letter any more
    assert (letter.message_id, letter.reason, letter.resubmissions) == ("m1", "TimeoutError", 0)
    assert list(await bus.letters.resubmit(in_a_moment(), every)) == []
    assert await bus.received(1) == delivered(LINES, event)


async def test_resubmissions_are_counted(bus: Bus) -> None:
    await bus.publisher.publish(TENANT, [message()])
    # Given a message that dies again and again
    for count in range(3):
        await bus.bury(LINES, "TimeoutError")
        # When it is resubmitted, then it tells how often it was before
        (letter,) = await bus.letters.resubmit(in_a_moment(), every)
        assert letter.resubmissions == count


async def test_dead_letters_of_all_subscriptions_are_offered(bus: Bus) -> None:
    # Given a dead letter in each subscription
    await bus.publisher.publish(TENANT, [started(), message(), changed(), escalated(), timeout(), ended()])
    await bus.send("something.else", "odd", b"odd")
    for number, subscription in enumerate((*SUBSCRIPTIONS, UNROUTED)):
        await bus.bury(subscription, f"reason {number}")
    # When they are resubmitted
    letters = await bus.letters.resubmit(in_a_moment(), every)
    # Then each tells where it was and why, and is there again
    assert sorted((letter.reason, letter.subscription) for letter in letters) == [
        (f"reason {number}", subscription) for number, subscription in enumerate((*SUBSCRIPTIONS, UNROUTED))
    ]
    assert [subscription for subscription, *_ in await bus.received(7)] == sorted((*SUBSCRIPTIONS, UNROUTED))


async def test_what_is_not_worth_it_stays(bus: Bus) -> None:
    # Given dead letters of a mistake around one of a failure that passed
    events = [message(event_id=f"m{n}") for n in range(3)]
    for event, reason in zip(events, ("ValueError", "TimeoutError", "ValueError"), strict=True):
        await bus.send(event.type, event.id, encode_event(event))
        await bus.bury(LINES, reason)
    # When those of the failure are resubmitted
    letters = await bus.letters.resubmit(in_a_moment(), lambda letter: letter.reason == "TimeoutError")
    # Then only that one goes
    assert [letter.message_id for letter in letters] == ["m1"]
    assert await bus.received(1) == delivered(LINES, events[1])
    # and the others can still be had
    others = await bus.letters.resubmit(in_a_moment(), every)
    assert {letter.message_id for letter in others} == {"m0", "m2"}


async def test_what_died_later_stays(bus: Bus) -> None:
    await bus.publisher.publish(TENANT, [message()])
    await bus.bury(LINES, "TimeoutError")
    assert list(await bus.letters.resubmit(datetime.now(UTC) - SOON, every)) == []
    assert len(await bus.letters.resubmit(in_a_moment(), every)) == 1


async def test_of_two_that_resubmit_at_once_one_has_each_letter(bus: Bus) -> None:
    # Given some dead letters
    events = [message(event_id=f"m{n}") for n in range(4)]
    await bus.publisher.publish(TENANT, events)
    for _ in events:
        await bus.bury(LINES, "TimeoutError")
    # When two processes resubmit at once
    _, other = bus.another_process()
    await asyncio.gather(*(letters.resubmit(in_a_moment(), every) for letters in (bus.letters, other)))
    # Then each message is there once
    assert await bus.received(len(events)) == delivered(LINES, *events)
