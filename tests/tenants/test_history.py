"""Which version of a configuration judges a moment, how old a cached one may be, and what day it is for a tenant."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.errors import InvalidConfiguration, InvalidRequest, UnknownTenant, VersionConflict
from shared.events.envelope import format_time, parse_time
from shared.tenants.configurations import Configurations
from shared.tenants.history import History, Version, version_named
from tests.builders import FROM_THE_BEGINNING, history, small, small_document
from tests.fakes import MemoryConfigurations, SettableClock

START = datetime(2026, 10, 5, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def body(**members: Any) -> bytes:
    return json.dumps(small_document(**members)).encode()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(START)


@pytest.fixture
def store() -> MemoryConfigurations:
    return MemoryConfigurations()


@pytest.fixture
def configurations(store: MemoryConfigurations, clock: MovableClock) -> Configurations:
    return Configurations(store, clock)


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("0001-01-01T00:00:00Z", 1),
        ("2026-10-05T09:59:59.999999Z", 1),
        ("2026-10-05T10:00:00Z", 2),
        ("2026-10-05T12:59:59+02:00", 2),
        ("2026-10-05T13:00:00+02:00", 3),
        ("9999-12-31T23:59:59Z", 3),
    ],
)
def test_a_moment_is_judged_by_the_version_in_force_then(moment: str, number: int) -> None:
    # given three versions: from the beginning, from ten, and from eleven
    versions = history(small(), ("2026-10-05T10:00:00Z", small()), ("2026-10-05T11:00:00Z", small()))
    # when a fact of some moment is judged, however late
    # then it is by the version in force at that moment; a version's first moment is its own
    assert versions.at(parse_time(moment)).number == number
    assert versions.latest.number == 3


async def test_the_first_version_is_in_force_from_the_beginning_and_the_next_after_60_seconds(
    configurations: Configurations, clock: MovableClock
) -> None:
    # given a tenant's first configuration, and a second one later
    first = await configurations.put("small", body(), expected=None)
    clock.advance(timedelta(hours=1))
    second = await configurations.put("small", body(retentionDays=90), expected=None)
    # then all that was before is judged by the first, and the second takes over 60 s after it was put
    versions = await configurations.of("small")
    takes_over = START + timedelta(hours=1, seconds=60)
    assert list(versions.versions) == [first, second]
    assert versions.at(FROM_THE_BEGINNING) == first
    assert versions.at(takes_over - TICK) == first
    assert versions.at(takes_over) == second


async def test_what_was_read_is_used_for_30_seconds_and_no_longer(
    store: MemoryConfigurations, configurations: Configurations, clock: MovableClock
) -> None:
    # given a process that has just read a tenant's history, and another process that then puts a version
    await configurations.put("small", body(), expected=None)
    await configurations.of("small")
    await Configurations(store, clock).put("small", body(retentionDays=90), expected=1)
    reads = store.reads
    # when the first one asks within 30 s, then it answers what it knows, without asking the store
    clock.advance(timedelta(seconds=30) - TICK)
    assert (await configurations.of("small")).latest.number == 1
    assert store.reads == reads
    # when 30 s are over, then it asks, and knows the new version long before that is in force
    clock.advance(TICK)
    known = await configurations.of("small")
    assert store.reads == reads + 1
    assert (known.latest.number, known.at(clock.now()).number) == (2, 1)


async def test_what_was_read_when_the_clock_was_ahead_is_read_again(store: MemoryConfigurations) -> None:
    # given a process that read a tenant's history when its clock was a day ahead, and another that then puts a version
    clock = SettableClock(START)
    configurations = Configurations(store, clock)
    await configurations.put("small", body(), expected=None)
    clock.advance(timedelta(days=1))
    await configurations.of("small")
    clock.set_back(timedelta(days=1))
    await Configurations(store, clock).put("small", body(retentionDays=90), expected=1)
    # when the first one asks, then it knows the new version
    assert (await configurations.of("small")).latest.number == 2


async def test_who_puts_a_version_sees_it_at_once(configurations: Configurations) -> None:
    # given a process that has read a tenant's history
    await configurations.put("small", body(), expected=None)
    await configurations.of("small")
    # when it puts a version itself
    await configurations.put("small", body(retentionDays=90), expected=1)
    # then it does not answer what it had cached
    assert (await configurations.of("small")).latest.configuration.retention_days == 90


async def test_a_tenant_without_a_configuration_is_unknown_until_it_has_one(configurations: Configurations) -> None:
    # given no configuration
    # when the tenant is asked for, then it is unknown
    with pytest.raises(UnknownTenant, match=r"^tenantid: no tenant 'small' is configured$"):
        await configurations.of("small")
    # and once it is put, it is known at once in that process
    await configurations.put("small", body(), expected=None)
    assert (await configurations.of("small")).latest.number == 1
    assert list(await configurations.tenants()) == ["small"]


async def unknown(configurations: Configurations, *tenants: str) -> int:
    """How many of the tenants are refused, both by their history and by their pseudonyms."""
    refused = 0
    for tenant in tenants:
        with pytest.raises(UnknownTenant):
            await configurations.of(tenant)
        with pytest.raises(UnknownTenant):
            await configurations.pseudonyms(tenant)
        refused += 1
    return refused


async def test_a_tenant_that_does_not_exist_is_looked_for_once_in_five_seconds(
    store: MemoryConfigurations, configurations: Configurations, clock: MovableClock
) -> None:
    # given a tenant that nobody configured
    assert await unknown(configurations, *["small"] * 100) == 100
    # when it is asked for again and again, then the store is asked once
    assert store.reads == 1
    # and once more when that is five seconds ago: another process may have put it meanwhile
    await Configurations(store, clock).put("small", body(), expected=None)
    reads = store.reads
    clock.advance(timedelta(seconds=5) - TICK)
    assert (await unknown(configurations, "small"), store.reads) == (1, reads)
    clock.advance(TICK)
    assert (await configurations.of("small")).latest.number == 1
    assert await configurations.pseudonyms("small")


async def test_who_has_to_be_certain_asks_the_store(store: MemoryConfigurations, clock: MovableClock) -> None:
    # given a process that has looked for a tenant in vain, just before another one put it
    configurations = Configurations(store, clock)
    assert await unknown(configurations, "small") == 1
    await Configurations(store, clock).put("small", body(), expected=None)
    # when an event that the other accepted arrives here, then the tenant is known, and from then on to everybody
    assert (await configurations.of("small", certain=True)).latest.number == 1
    assert (await configurations.of("small")).latest.number == 1
    assert await configurations.pseudonyms("small")


async def test_made_up_tenants_fill_no_memory_and_impossible_ones_cost_no_look(
    store: MemoryConfigurations, configurations: Configurations
) -> None:
    # given ids that no configuration can have, when they are asked for, then the store is not
    impossible = ("", ".", "..", "Contoso", "a/b", "a" * 65, "x" * 100_000, "small\n", "ü")
    assert (await unknown(configurations, *impossible), store.reads) == (9, 0)
    # given more ids than are remembered, then those of the beginning are forgotten, and looked for again
    for number in range(10_001):
        with pytest.raises(UnknownTenant):
            await configurations.of(f"made-up-{number}")
    reads = store.reads
    assert (await unknown(configurations, "made-up-10000"), store.reads) == (1, reads)
    assert (await unknown(configurations, "made-up-0"), store.reads) == (1, reads + 1)


async def test_the_same_configuration_again_is_no_new_version(configurations: Configurations) -> None:
    # given a configuration
    first = await configurations.put("small", body(), expected=None)
    # when it is put again, in other words that mean the same
    again = await configurations.put("small", b"# the same\n" + body(timeZone="UTC", retentionDays=365), expected=1)
    # then the version that is there is the answer
    assert again == first
    assert len((await configurations.of("small")).versions) == 1


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_version_that_is_not_the_latest_cannot_be_replaced(
    configurations: Configurations, expected: int
) -> None:
    # given two versions
    await configurations.put("small", body(), expected=0)
    await configurations.put("small", body(retentionDays=90), expected=1)
    # when somebody puts a configuration who has read another version than the second
    # then it is refused, and names the version that is there
    with pytest.raises(VersionConflict, match=r"has version 2$"):
        await configurations.put("small", body(retentionDays=100), expected=expected)
    assert len((await configurations.of("small")).versions) == 2


class SlowerThanAnother(MemoryConfigurations):
    """A store where somebody else adds the same version first."""

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        await super().create(tenant_id, first, b"somebody else's")
        await super().create(tenant_id, first, secret)


async def test_of_two_who_put_the_same_version_one_is_refused(clock: MovableClock) -> None:
    # given a store where somebody else comes first between reading and adding
    configurations = Configurations(SlowerThanAnother(), clock)
    # when a version is put without saying which one was read, then nobody's version is overwritten
    with pytest.raises(VersionConflict):
        await configurations.put("small", body(), expected=None)


async def test_two_who_create_a_tenant_at_once_have_one_secret(
    store: MemoryConfigurations, clock: MovableClock
) -> None:
    # given two processes
    both = [Configurations(store, clock), Configurations(store, clock)]
    # when both put a tenant's first configuration at once, and it gets another version
    await asyncio.gather(*(one.put("small", body(), expected=None) for one in both), return_exceptions=True)
    await both[0].put("small", body(retentionDays=90), expected=1)
    # then both make the same pseudonyms, and another tenant's are others
    assert len({(await one.pseudonyms("small")).of("thread", "a", "c", "t") for one in both}) == 1
    await both[0].put("other", body(tenantId="other"), expected=None)
    made = {(await both[0].pseudonyms(tenant)).of("thread", "a", "c", "t") for tenant in ("small", "other")}
    assert len(made) == 2
    with pytest.raises(UnknownTenant):
        await both[0].pseudonyms("nobody")


async def test_a_wrong_configuration_changes_nothing(configurations: Configurations) -> None:
    # given a tenant with a configuration
    await configurations.put("small", body(), expected=None)
    # when one with a mistake is put, or another tenant's
    for wrong in (body(defaultWorkStream="X"), body(tenantId="other")):
        with pytest.raises(InvalidConfiguration):
            await configurations.put("small", wrong, expected=1)
    # then the first one stays
    assert len((await configurations.of("small")).versions) == 1


@pytest.mark.parametrize(("etag", "version"), [(None, None), ("*", None), ('"3"', 3), ('W/"3"', 3), (" 3 ", 3)])
def test_if_match_names_a_version(etag: str | None, version: int | None) -> None:
    # given an If-Match header, or none, then it is the version that it names, or any
    assert version_named(etag) == version


@pytest.mark.parametrize("etag", ["", '""', '"three"', '"-1"', '"٣"', '"3", "4"', '"' + "9" * 5000 + '"'])
def test_an_if_match_that_names_no_version_is_refused(etag: str) -> None:
    # given a header that names none, then the refusal names the header
    with pytest.raises(InvalidRequest, match=r"^If-Match: "):
        version_named(etag)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-10-31T23:59:59.999999Z", "2026-10-31"),
        ("UTC", "2026-11-01T00:00:00Z", "2026-11-01"),
        ("UTC", "2026-11-01T01:59:59+02:00", "2026-10-31"),
        ("Europe/Berlin", "2026-07-31T21:59:59.999999Z", "2026-07-31"),
        ("Europe/Berlin", "2026-07-31T22:00:00Z", "2026-08-01"),
        ("Europe/Berlin", "2026-12-31T22:59:59Z", "2026-12-31"),
        ("Europe/Berlin", "2026-12-31T23:00:00Z", "2027-01-01"),
        # the clocks go forward on 29 March 2026 at 01:00 UTC, and back on 25 October 2026 at 01:00 UTC
        ("Europe/Berlin", "2026-03-28T22:59:59Z", "2026-03-28"),
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"),
        ("America/Los_Angeles", "2026-11-01T06:59:59Z", "2026-10-31"),
        ("America/Los_Angeles", "2026-11-01T07:00:00Z", "2026-11-01"),
        ("Pacific/Kiritimati", "2026-10-31T10:00:00Z", "2026-11-01"),
        ("Asia/Kathmandu", "2026-10-31T18:14:59Z", "2026-10-31"),
        ("Asia/Kathmandu", "2026-10-31T18:15:00Z", "2026-11-01"),
    ],
)
def test_the_day_is_the_one_on_the_tenants_calendar(
    zone: str, moment: str, day: str, kind: type[History] = History
) -> None:
    # given a tenant whose calendar is in some time zone
    # when something happens near midnight there, then the day is what the wall calendar shows
    versions = kind(history(small(time_zone=zone)).versions)
    assert versions.local_date(parse_time(moment)) == date.fromisoformat(day)


def test_another_time_zone_holds_from_the_next_months_start_on() -> None:
    # given a tenant that moves from UTC to Berlin in the middle of October, and on to Los Angeles in December
    berlin, los_angeles = small(time_zone="Europe/Berlin"), small(time_zone="America/Los_Angeles")
    versions = history(small(), ("2026-10-15T12:00:00Z", berlin), ("2026-12-01T00:00:00Z", los_angeles))
    # then October stays in UTC to its end, November is in Berlin, and December is in Los Angeles from its first moment
    assert [versions.time_zone(month) for month in ("2026-10", "2026-11", "2026-12")] == [
        "UTC",
        "Europe/Berlin",
        "America/Los_Angeles",
    ]
    assert versions.local_date(parse_time("2026-10-31T23:30:00Z")) == date(2026, 10, 31)
    assert versions.local_date(datetime.fromisoformat("2026-11-01T00:30:00+01:00")) == date(2026, 10, 31)
    assert versions.local_date(parse_time("2026-11-01T23:30:00Z")) == date(2026, 11, 2)
    assert versions.local_date(parse_time("2026-11-30T23:30:00Z")) == date(2026, 12, 1)


NAMES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Apia"]
ZONES = st.sampled_from(NAMES)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # naive bounds
STEPS = st.timedeltas(timedelta(0), timedelta(days=40))


@settings(deadline=None)
@given(ZONES, MOMENTS, STEPS)
def test_within_one_zone_days_never_go_back(zone: str, moment: datetime, step: timedelta) -> None:
    # given a tenant that keeps its time zone, and two moments
    versions = history(small(time_zone=zone))
    # then the later moment is not on an earlier day
    assert versions.local_date(moment) <= versions.local_date(moment + step)
    # and a moment has one day, in whatever offset it is written
    elsewhere = timezone(timedelta(hours=-9, minutes=-30))
    assert versions.local_date(moment.astimezone(elsewhere)) == versions.local_date(moment)


ANY_MOMENT = st.datetimes(timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))))
EDGES = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]


@settings(deadline=None)
@given(ZONES, ANY_MOMENT | st.sampled_from(EDGES))
def test_every_moment_that_there_is_has_a_date(zone: str, moment: datetime) -> None:
    # given any moment, in any offset, when its date is asked for, then there is one, and no other zone is a day away
    versions = history(small(time_zone=zone), ("2026-10-05T10:00:00Z", small(time_zone=zone)))
    assert abs(versions.local_date(moment) - moment.date()) <= timedelta(days=2)


@pytest.mark.parametrize("moment", EDGES)
@pytest.mark.parametrize("zone", NAMES)
def test_the_first_and_the_last_moment_have_a_date_in_every_zone(zone: str, moment: datetime) -> None:
    assert history(small(time_zone=zone)).local_date(moment).year == moment.year


@settings(deadline=None)
@given(st.lists(st.tuples(MOMENTS, ZONES), max_size=4), MOMENTS, ZONES, STEPS)
def test_a_moments_day_does_not_depend_on_versions_after_its_months_start(
    changes: list[tuple[datetime, str]], moment: datetime, zone: str, step: timedelta
) -> None:
    # given a tenant that has had several time zones
    changes = sorted(change for change in changes if change[0] <= moment)
    later = [(format_time(at), small(time_zone=name)) for at, name in changes]
    day = history(small(), *later).local_date(moment)
    # when one more is put, in force within the moment's month or after it
    begin = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = max([begin + TICK + step, *(at for at, _ in changes)])
    # then the moment's day stays, and it is the day in UTC or a neighbour of it
    assert history(small(), *later, (format_time(after), small(time_zone=zone))).local_date(moment) == day
    assert abs(day - moment.date()) <= timedelta(days=1)
