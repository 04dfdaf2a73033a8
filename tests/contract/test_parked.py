"""What every ParkedEvents store promises: each refused body once, oldest first, with its reason."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import InvalidEvent, Mistake, Refused, TooLate
from shared.events.envelope import parse_time
from shared.ingress.parked_event import NO_TENANT, ParkedEvent, ParkedEvents, park

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
        refused(b"", 3, TooLate(NOW, 365)),
    ]
    for event in events:
        await parked.park("contoso", event)
    # Then each comes back equal
    assert list(await parked.parked("contoso")) == events
    assert [mistake.path for mistake in events[0].mistakes] == ["data.author.role", ""]


async def test_a_body_is_parked_once_and_stays_as_it_was(parked: ParkedEvents) -> None:
    await parked.park("contoso", refused(b"x"))
    await parked.park("contoso", refused(b"x", 5, TooLate(NOW, 365)))
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


BEGUN = "2026-11-20T13:00:00Z"


async def waiting(parked: ParkedEvents) -> list[str]:
    return [event.body for event in await parked.parked("contoso")]


async def test_pages_follow_each_other_without_gap_or_repetition(parked: ParkedEvents) -> None:
    # Given events of which some came at the same moment
    events = [refused(f"{n}".encode(), n // 3) for n in range(10)]
    for event in reversed(events):
        await parked.park("contoso", event)
    # When they are read in pages
    read: list[ParkedEvent] = []
    while page := await parked.parked("contoso", after=read[-1].position if read else None, limit=3):
        assert len(page) <= 3
        read.extend(page)
    # Then each is there once, in order of arrival
    assert [event.position for event in read] == sorted(event.position for event in events)


@pytest.mark.parametrize("after", ["", " ", "zzz", "\x00", "'", "9999", "👩‍👩‍👧"])
async def test_any_text_is_a_position(parked: ParkedEvents, after: str) -> None:
    await parked.park("contoso", refused(b"x"))
    assert list(await parked.parked("contoso", after=after)) in ([], [refused(b"x")])


async def test_one_event_is_found_by_its_id_and_by_its_tenant_only(parked: ParkedEvents) -> None:
    event = refused(b"\xff\x00{")
    await parked.park("contoso", event)
    assert await parked.get("contoso", event.id) == event
    assert await parked.get(NO_TENANT, event.id) is None
    assert await parked.get("contoso", "") is None


@pytest.mark.parametrize("event_id", [".", ".."])
async def test_an_id_that_names_a_folder_in_a_path_is_no_event(parked: ParkedEvents, event_id: str) -> None:
    # Given a parked event
    await parked.park("contoso", refused(b"x"))
    # When one is asked for, marked and forgotten by an id that would lead a path elsewhere
    assert await parked.get("contoso", event_id) is None
    await parked.mark_replaying("contoso", event_id, BEGUN)
    await parked.mark_replayed("contoso", event_id, BEGUN)
    await parked.delete("contoso", event_id)
    # Then nothing happened
    assert list(await parked.parked("contoso")) == [refused(b"x")]


async def test_a_replayed_event_is_kept_and_listed_only_where_it_is_asked_for(parked: ParkedEvents) -> None:
    # Given two parked events, one of which is being replayed
    event = refused(b"x")
    await parked.park("contoso", event)
    await parked.park("contoso", refused(b"y", 1))
    await parked.mark_replaying("contoso", event.id, BEGUN)
    # Then it waits until that is done, and no longer
    assert await waiting(parked) == ["x", "y"]
    await parked.mark_replayed("contoso", event.id, BEGUN)
    assert await waiting(parked) == ["y"]
    assert [one.replayed_at for one in await parked.parked("contoso", replayed=True)] == [BEGUN, None]
    assert (await parked.get("contoso", event.id) or event).replayed_at == BEGUN


async def test_what_is_refused_again_after_its_replay_waits_again_with_the_new_reason(parked: ParkedEvents) -> None:
    # Given a replayed event
    event = refused(b"x")
    await parked.park("contoso", event)
    await parked.mark_replaying("contoso", event.id, BEGUN)
    await parked.mark_replayed("contoso", event.id, BEGUN)
    # When it is refused again, twice
    again = refused(b"x", 90, TooLate(NOW, 365))
    await parked.park("contoso", again)
    await parked.park("contoso", refused(b"x", 91))
    # Then it is there once, as it was refused the first time after the replay
    assert list(await parked.parked("contoso", replayed=True)) == [again]
    assert again.replayed_at is None


async def test_what_is_refused_again_before_its_replay_is_noted_still_waits(parked: ParkedEvents) -> None:
    # Given an event that was published again, and refused before whoever replayed it could note that
    event, again = refused(b"x"), refused(b"x", 90)
    await parked.park("contoso", event)
    await parked.mark_replaying("contoso", event.id, BEGUN)
    await parked.park("contoso", again)
    # When that is noted
    await parked.mark_replayed("contoso", event.id, BEGUN)
    # Then the event still waits
    assert list(await parked.parked("contoso")) == [again]


async def test_what_is_forgotten_is_gone_and_may_be_parked_again(parked: ParkedEvents) -> None:
    # Given two parked events, of which one was replayed
    first, second = refused(b"x"), refused(b"y", 1)
    for event in (first, second):
        await parked.park("contoso", event)
    await parked.mark_replaying("contoso", first.id, BEGUN)
    # When one is forgotten, twice, and by another tenant's name
    await parked.delete("fabrikam", second.id)
    for _ in range(2):
        await parked.delete("contoso", first.id)
    # Then the other one is left, and the same body is parked as if for the first time
    assert await parked.get("contoso", first.id) is None
    assert list(await parked.parked("contoso", replayed=True)) == [second]
    await parked.park("contoso", first)
    assert list(await parked.parked("contoso")) == [first, second]
