"""When months end and books close: in the tenant's calendar, whatever the clocks do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import parse_time
from shared.tenants.history import History, Version
from shared.usage.period import closes_at, dates, end_of, first_month, following
from tests.builders import contoso, history


def living_in(zone: str, grace: int = 8) -> History:
    return history(contoso().model_copy(update={"time_zone": zone, "closing_grace_days": grace}))


@pytest.mark.parametrize(
    ("month", "zone", "end", "closes"),
    [
        ("2026-10", "UTC", "2026-11-01T00:00:00Z", "2026-11-09T00:00:00Z"),
        ("2026-12", "UTC", "2027-01-01T00:00:00Z", "2027-01-09T00:00:00Z"),
        ("2028-02", "UTC", "2028-03-01T00:00:00Z", "2028-03-09T00:00:00Z"),
        # Summer time ends on 25 October in Berlin, and on 1 November in Los Angeles.
        ("2026-10", "Europe/Berlin", "2026-10-31T23:00:00Z", "2026-11-08T23:00:00Z"),
        ("2026-10", "America/Los_Angeles", "2026-11-01T07:00:00Z", "2026-11-09T08:00:00Z"),
        # It begins on 8 March in Los Angeles, within the grace.
        ("2026-02", "America/Los_Angeles", "2026-03-01T08:00:00Z", "2026-03-09T07:00:00Z"),
        ("2026-12", "Pacific/Kiritimati", "2026-12-31T10:00:00Z", "2027-01-08T10:00:00Z"),
        ("2026-10", "Asia/Kathmandu", "2026-10-31T18:15:00Z", "2026-11-08T18:15:00Z"),
    ],
)
def test_a_month_ends_and_closes_at_the_tenants_midnight(month: str, zone: str, end: str, closes: str) -> None:
    versions = living_in(zone)
    assert end_of(month, versions) == parse_time(end)
    assert closes_at(month, versions, parse_time(end)) == parse_time(closes)


def test_the_grace_is_longer_than_a_message_lives_on_the_bus() -> None:
    for zone in ("UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"):
        for number in range(1, 13):
            month = f"2026-{number:02}"
            end = end_of(month, living_in(zone))
            assert closes_at(month, living_in(zone), end) - end > timedelta(days=7)


def test_a_grace_that_is_raised_in_time_holds_for_a_month_that_is_closing() -> None:
    versions = history(contoso(), ("2026-11-05T00:00:00Z", contoso().model_copy(update={"closing_grace_days": 31})))
    assert closes_at("2026-10", versions, parse_time("2026-11-04T00:00:00Z")) == parse_time("2026-11-09T00:00:00Z")
    assert closes_at("2026-10", versions, parse_time("2026-11-06T00:00:00Z")) == parse_time("2026-12-02T00:00:00Z")


@pytest.mark.parametrize("month", ["9999-11", "9999-12", "1000-01"])
def test_every_month_has_an_end(month: str) -> None:
    versions = living_in("Pacific/Kiritimati", grace=31)
    assert end_of(month, versions) <= closes_at(month, versions, datetime(2026, 1, 1, tzinfo=UTC))


ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"]


@given(
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    change=st.integers(-45, 45).map(lambda days: datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=days)),
    offset=st.integers(-200_000, 200_000),
)
def test_no_moment_belongs_to_a_month_after_its_end(zones: tuple[str, str], change: datetime, offset: int) -> None:
    # Given a tenant that moves to another time zone around the end of October
    before, after = (contoso().model_copy(update={"time_zone": zone}) for zone in zones)
    versions = history(before, (change.isoformat(), after))
    end = end_of("2026-10", versions)
    # Then the last moment before the end is the last one of October
    moment = end + timedelta(seconds=offset)
    if moment >= end:
        assert versions.local_date(moment).isoformat() >= "2026-11"
    assert versions.local_date(end - timedelta(microseconds=1)).isoformat() < "2026-11"


@pytest.mark.parametrize(
    ("month", "after", "days"),
    [("2026-12", "2027-01", 31), ("2026-02", "2026-03", 28), ("2028-02", "2028-03", 29), ("9999-11", "9999-12", 30)],
)
def test_months_follow_each_other(month: str, after: str, days: int) -> None:
    assert (following(month), len(dates(month))) == (after, days)


@pytest.mark.parametrize(
    ("zone", "configured", "first"),
    [
        ("UTC", "2026-10-31T23:59:59Z", "2026-10"),
        ("Europe/Berlin", "2026-10-31T23:30:00Z", "2026-11"),
        ("America/Los_Angeles", "2026-11-01T06:30:00Z", "2026-10"),
        # No books begin before 2000, whatever the clock said.
        ("UTC", "0001-01-01T00:00:00Z", "2000-01"),
        ("Asia/Tokyo", "0001-01-01T00:00:00Z", "2000-01"),
    ],
)
def test_books_begin_with_the_tenants_month_of_its_first_configuration(zone: str, configured: str, first: str) -> None:
    versions = [Version(1, parse_time(configured), contoso().model_copy(update={"time_zone": zone}))]
    later = Version(2, parse_time("2026-12-01T00:00:00Z"), contoso())
    assert first_month(History(versions)) == first_month(History([*versions, later])) == first
