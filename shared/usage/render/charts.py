"""Where the lines and bars of a month's charts are.

A chart is as wide as its page lets it be: x is a per mille of the width, y are pixels from the top, so that text keeps
its size. What a chart says, its page says in words and in a table, too.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, count
from zoneinfo import ZoneInfo

from shared.events.envelope import parse_time
from shared.usage.forecast import Forecast
from shared.usage.report import UsageReport

WIDTH = 1000
_Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A line across the chart, and the number that it stands for."""

    y: float
    value: int


@dataclass(frozen=True)
class Pool:
    """The sessions used beside those of the pool, in per mille of the longest of them.

    `within` and `beyond` are widths; `pool` is where the pool ends. `low`, `expected` and `high` are what the month is
    expected to come to, None where there is no forecast.
    """

    within: float
    beyond: float
    pool: float
    low: float | None
    expected: float | None
    high: float | None


@dataclass(frozen=True)
class BurnDown:
    """What is left of the pool over the month; below `zero` it is what is missing.

    The lines are points of a polyline: `actual` to now, `expected` from there, `even` for a pool that is used evenly.
    `fan` is the range around `expected`, a polygon. `earliest` and `latest` are where the pool may be used up.
    """

    height: int
    ticks: Sequence[Tick]
    zero: float
    actual: str
    even: str
    expected: str
    fan: str
    now: _Point
    earliest: float | None
    latest: float | None


@dataclass(frozen=True)
class Bar:
    """The sessions of one day; `day` is its number in the month."""

    day: int
    x: float
    y: float
    width: float
    height: float
    weekend: bool


@dataclass(frozen=True)
class Days:
    """The sessions of each day."""

    height: int
    ticks: Sequence[Tick]
    bars: Sequence[Bar]


def pool_chart(report: UsageReport, expected: Forecast) -> Pool:
    """The pool's bar."""
    used, pool = max(report.invoiced, 0), report.entitlement.total
    total = expected.total
    longest = max(used, pool, total.high if total else 0, 1) / WIDTH
    return Pool(
        within=min(used, pool) / longest,
        beyond=max(used - pool, 0) / longest,
        pool=pool / longest,
        low=max(total.low, 0) / longest if total else None,
        expected=max(total.expected, 0) / longest if total else None,
        high=max(total.high, 0) / longest if total else None,
    )


def burn_down(report: UsageReport, expected: Forecast, height: int = 200) -> BurnDown:
    """The chart of what is left, from the pool at the month's first moment to its last."""
    pool, days = report.entitlement.total, len(report.days)
    left = [float(pool - n) for n in accumulate((day.sessions for day in report.days), initial=report.corrected)]
    gone = _days_gone(report)
    whole = int(gone)
    actual = [(float(day), left[day]) for day in range(whole + 1)]
    if gone > whole:
        actual.append((gone, left[-1]))
    ends = [(days - len(expected.path) + 1 + index, one.used) for index, one in enumerate(expected.path)]
    limits = [pool - limit for _, used in ends for limit in (used.low, used.high)]
    ticks = _ticks(min(0.0, *left, *limits), max(float(pool), *left, 1.0))
    top, bottom = max(ticks), min(ticks)

    def y(value: float) -> float:
        return (top - value) / (top - bottom) * height

    def points(line: Iterable[_Point]) -> str:
        return " ".join(f"{day / days * WIDTH:.1f},{y(value):.1f}" for day, value in line)

    now = actual[-1]
    path = [now, *((day, pool - used.expected) for day, used in ends)] if ends else []
    fan = [now, *((day, pool - used.low) for day, used in ends), *((day, pool - used.high) for day, used in ends[::-1])]
    run_out = expected.exhaustion
    return BurnDown(
        height=height,
        ticks=[Tick(y(value), value) for value in ticks],
        zero=y(0),
        actual=points(actual),
        even=points([(0, pool), (days, 0)]) if pool else "",
        expected=points(path),
        fan=points(fan) if ends else "",
        now=(now[0] / days * WIDTH, y(now[1])),
        earliest=(run_out.earliest.day - 1) / days * WIDTH if run_out else None,
        latest=_end_of(run_out.latest, days) if run_out else None,
    )


def days_chart(report: UsageReport, height: int = 104) -> Days:
    """A bar for each day of the month."""
    ticks = _ticks(0, max(1, *(day.sessions for day in report.days)), most=3)
    slot = WIDTH / len(report.days)
    bars = []
    for index, day in enumerate(report.days):
        tall = day.sessions / max(ticks) * height
        weekend = date.fromisoformat(day.date).weekday() >= 5
        bars.append(Bar(index + 1, (index + 0.14) * slot, height - tall, slot * 0.72, tall, weekend))
    return Days(height, [Tick(height - value / max(ticks) * height, value) for value in ticks], bars)


def _days_gone(report: UsageReport) -> float:
    """How many of the month's days are over as of the report, the part of today among them."""
    if report.status != "open":
        return float(len(report.days))
    now = parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone)).replace(tzinfo=None)
    first = now.replace(year=int(report.month[:4]), month=int(report.month[5:]), day=1, hour=0, minute=0, second=0)
    return min(max((now - first.replace(microsecond=0)).total_seconds() / 86400, 0.0), float(len(report.days)))


def _end_of(day: date | None, days: int) -> float:
    return WIDTH if day is None else day.day / days * WIDTH


def _ticks(low: float, high: float, most: int = 5) -> list[int]:
    """Round numbers at one distance, `most` of them or few more, from `low` or below it to `high` or above it."""
    step = next(step for step in _steps() if (high - low) / step <= most)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    return (10**power * step for power in count() for step in (1, 2, 5))
