"""When a month's pool will be used up, and how many sessions the month will have, from its own whole days alone.

The method, and how well it did on past months, is in docs/usage-page.md; the reasons for it are in docs/decisions.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from shared.events.envelope import parse_time
from shared.usage.report import UsageReport

MINIMUM_DAYS = 7
"""Whole days that a forecast needs at least: one of each day of the week."""
WINDOW = 14
"""The latest whole days, from which the pace is taken: two of each day of the week."""
_Z = 1.6449
"""The normal distribution's quantile for a range that should hold nine of ten months."""

Outlook = Literal["over", "too_early", "expected"]
"""The month is over; there are too few whole days; or the forecast says what is expected."""


@dataclass(frozen=True)
class Range:
    """The expected number, and limits that should hold it in nine of ten months; low <= expected <= high."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class RunningTotal:
    """The sessions of the pool used by the end of a date."""

    date: date
    used: Range


@dataclass(frozen=True)
class Exhaustion:
    """The date on which the pool will be used up, with its limits. None means: not in this month.

    earliest <= expected <= latest, where None comes after every date.
    """

    earliest: date
    expected: date | None
    latest: date | None


@dataclass(frozen=True)
class Forecast:
    """The forecast of one month. `whole_days` counts its days that are over.

    `exhausted_on` is the date on which the pool was used up, if it is; an empty pool never is. Only if `outlook` is
    `expected` are there a `path` of running totals (today and each day to come) and a `total` (the sessions of the
    whole month, as `counted`); and `exhaustion` only if, besides, the pool may still be used up this month.
    """

    outlook: Outlook
    whole_days: int
    exhausted_on: date | None
    total: Range | None = None
    exhaustion: Exhaustion | None = None
    path: tuple[RunningTotal, ...] = ()


def forecast(report: UsageReport) -> Forecast:
    """The forecast of a report's month, as of the report. Corrections of earlier months use none of its pool."""
    now = parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone))
    dates = [date.fromisoformat(day.date) for day in report.days]
    used = accumulate(day.sessions for day in report.days)
    pool = report.entitlement.total
    exhausted_on = next((day for day, n in zip(dates, used, strict=True) if 0 < pool <= n), None)
    whole = sum(day < now.date() for day in dates)
    if report.status != "open" or whole == len(dates):
        return Forecast("over", len(dates), exhausted_on)
    if whole < MINIMUM_DAYS:
        return Forecast("too_early", whole, exhausted_on)
    past = [(day, report.days[index].sessions) for index, day in enumerate(dates[:whole])]
    path = tuple(_path(_Pace.of(past[-WINDOW:]), now, dates[whole:], report.counted))
    open_pool = pool > 0 and exhausted_on is None
    exhaustion = _exhaustion(path, pool) if open_pool else None
    return Forecast("expected", whole, exhausted_on, path[-1].used, exhaustion, path)


@dataclass(frozen=True)
class _Pace:
    """The average sessions of a `working` and a `weekend` day, from `seen` sessions, and how days spread around them.

    `spread` is the variance of a day as a multiple of its mean: 1 where sessions come independently of each other,
    more where they come in bursts. `quantile` is Student's t for the number of days.
    """

    working: float
    weekend: float
    seen: int
    spread: float
    quantile: float

    @classmethod
    def of(cls, past: Sequence[tuple[date, int]]) -> "_Pace":
        """The pace of at least seven days, each as (date, sessions)."""
        means = {kind: _mean([n for day, n in past if _is_weekend(day) == kind]) for kind in (False, True)}
        freedom = len(past) - len(means)
        squares = sum((n - mean) ** 2 / mean for day, n in past if (mean := means[_is_weekend(day)]) > 0)
        return cls(
            working=means[False],
            weekend=means[True],
            seen=sum(n for _, n in past),
            spread=max(1.0, squares / freedom),
            # Student's t by the first terms of its expansion (Abramowitz and Stegun, 26.7.5).
            quantile=_Z + (_Z**3 + _Z) / (4 * freedom),
        )

    def of_day(self, day: date) -> float:
        return self.weekend if _is_weekend(day) else self.working

    def margin(self, expected: float, days: float) -> float:
        """How far the sessions of so many days to come may lie from the `expected` ones.

        Two errors add up: the days' own spread, and that of the pace, which rests on `seen` sessions only. The margin
        assumes one session more than was seen: a month in which none was seen may still get some.
        """
        mean = expected * (self.seen + 1) / self.seen if self.seen else days / WINDOW
        return self.quantile * math.sqrt(self.spread * (mean + mean**2 / (self.seen + 1)))


def _path(pace: _Pace, now: datetime, days_to_come: Sequence[date], used: int) -> Iterator[RunningTotal]:
    """The running totals at the end of today and of each later day; their limits never fall."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rest_of_today = 1 - (now - midnight) / timedelta(days=1)
    expected = days = 0.0
    low = high = float(used)
    for index, day in enumerate(days_to_come):
        share = rest_of_today if index == 0 else 1.0
        expected, days = expected + share * pace.of_day(day), days + share
        margin = pace.margin(expected, days)
        low, high = max(low, used + expected - margin), max(high, used + expected + margin)
        yield RunningTotal(day, Range(low, used + expected, high))


def _exhaustion(path: Sequence[RunningTotal], pool: int) -> Exhaustion | None:
    """The first dates on which the expected total and its limits reach the pool; None if none of them does."""
    earliest = next((total.date for total in path if total.used.high >= pool), None)
    expected = next((total.date for total in path if total.used.expected >= pool), None)
    latest = next((total.date for total in path if total.used.low >= pool), None)
    return None if earliest is None else Exhaustion(earliest, expected, latest)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5
