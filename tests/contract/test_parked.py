"""What every ParkedEvents store promises: each refused body once, oldest first, with its reason."""

import asyncio
from datetime import timedelta

from shared.errors import InvalidEvent, Mistake, Refused, TooLate
from shared.events.envelope import parse_time
from shared.events.parked import NO_TENANT, ParkedEvent, ParkedEvents, park

NOW = parse_time("2026-11-20T12:00:00Z")
BROKEN = InvalidEvent([Mistake("data.author.role", "is missing"), Mistake("", "and more")])


def refused(body: bytes, minutes: float = 0, reason: Refused = BROKEN) -> ParkedEvent:
    return park(body, reason, NOW + timedelta(minutes=minutes))


async def test_nothing_is_parked_at_first(parked: ParkedEvents) -> None:
    assert list(await parked.parked("contoso")) == []


async def test_a_parked_event_comes_back_with_its_reason(parked: ParkedEvents) -> None:
    # Given bodies that were refused: no UTF-8, emoji and NUL, empty
    events = [
        refused(b"\xff\xfe{", 1),
        refused('{"a": "👩‍👩‍👧\x00"}'.encode(), 2),
        refused(b"", 3, TooLate("2020", 365)),
    ]
    for event in events:
        await parked.park("contoso", event)
    # Then each comes back equal
    assert list(await parked.parked("contoso")) == events
    assert [mistake.path for mistake in events[0].mistakes] == ["data.author.role", ""]


async def test_a_body_is_parked_once_and_stays_as_it_was(parked: ParkedEvents) -> None:
    await parked.park("contoso", refused(b"x"))
    await parked.park("contoso", refused(b"x", 5, TooLate("2020", 365)))
    assert list(await parked.parked("contoso")) == [refused(b"x")]


async def test_a_body_parked_by_many_at_once_is_there_once(parked: ParkedEvents) -> None:
    await asyncio.gather(*(parked.park("contoso", refused(b"x")) for _ in range(10)))
    assert list(await parked.parked("contoso")) == [refused(b"x")]


async def test_parked_events_come_oldest_first(parked: ParkedEvents) -> None:
    # Given events that were parked in another order than they came, some within one second
    minutes = [3, 0, 1 / 600, 1, 1 / 6000, -60 * 24 * 40]
    for age in minutes:
        await parked.park("contoso", refused(str(age).encode(), age))
    assert [event.body for event in await parked.parked("contoso")] == [str(age) for age in sorted(minutes)]


async def test_tenants_never_see_each_others_parked_events(parked: ParkedEvents) -> None:
    await parked.park("contoso", refused(b"x"))
    await parked.park(NO_TENANT, refused(b"y"))
    assert [event.body for event in await parked.parked("contoso")] == ["x"]
    assert [event.body for event in await parked.parked(NO_TENANT)] == ["y"]
    assert list(await parked.parked("fabrikam")) == []
