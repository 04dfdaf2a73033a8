"""When a month is over, and when its books close, in the tenant's time zone."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.tenants.history import History

EARLIEST_MONTH = "1000-01"
LAST_MONTH = "9999-12"
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No books begin before, so that a clock that is set wrong makes nobody go through the months of millennia."""
_FOREVER = datetime.max.replace(tzinfo=UTC)


def following(month: str) -> str:
    """The next month (yyyy-mm)."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def preceding(month: str) -> str | None:
    """The month before (yyyy-mm); None before 1000-01."""
    year, number = int(month[:4]), int(month[5:])
    before = f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
    return before if before >= EARLIEST_MONTH else None


def first_month(history: History) -> str:
    """The month (yyyy-mm) in which the tenant was first configured. Its books begin with it; older ones are closed."""
    return history.local_date(max(_EARLIEST, history.versions[0].in_force_from)).isoformat()[:7]


def dates(month: str) -> list[str]:
    """Every date of the month (yyyy-mm-dd)."""
    last = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    return [f"{month}-{day:02}" for day in range(1, last + 1)]


def end_of(month: str, history: History) -> datetime:
    """The first moment (UTC) at which no fact can belong to the month any more.

    A time zone holds for a month in UTC (`History.local_date`). East of UTC the tenant's month ends before
    UTC's month, by its own zone; west of UTC it ends later, by the zone that holds for the next month.
    """
    if month == LAST_MONTH:
        return _FOREVER
    turn = datetime.fromisoformat(f"{following(month)}-01")
    in_utc = turn.replace(tzinfo=UTC)
    by_next = turn.replace(tzinfo=ZoneInfo(history.time_zone(following(month)))).astimezone(UTC)
    if by_next > in_utc:
        return by_next
    return min(in_utc, turn.replace(tzinfo=ZoneInfo(history.time_zone(month))).astimezone(UTC))


def last_moment(month: str, history: History) -> datetime:
    """The last moment of the month. A configuration that is in force only after it says nothing about the month."""
    return end_of(month, history) - timedelta(microseconds=1)


def closes_at(month: str, history: History, now: datetime) -> datetime:
    """When the books may close (UTC): the tenant's grace, in its calendar days, after the month's end.

    The grace is that of the version in force at `now`, so raising it in time keeps the month open for longer.
    """
    end = end_of(month, history)
    if end > _FOREVER - timedelta(days=62):
        return _FOREVER
    grace = timedelta(days=history.at(now).configuration.closing_grace_days)
    zone = ZoneInfo(history.time_zone(following(month)))
    # Calendar days, not 24 hours each: the days around a change of the clocks have 23 or 25 hours.
    return (end.astimezone(zone).replace(tzinfo=None) + grace).replace(tzinfo=zone).astimezone(UTC)
