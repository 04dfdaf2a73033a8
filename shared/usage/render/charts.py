"""The coordinates of the lines and bars in a month's charts.

A chart is as wide as its page: x is in per mille of the width, y in pixels from the top, so that text keeps its size.
The page also gives what a chart shows in words and in a table.
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
    """A horizontal line across the chart, and the number that it marks."""

    y: float
    value: int


@dataclass(frozen=True)
class Pool:
    """The bar of the used sessions and the pool, in per mille of the longest of used, pool and `high`.

    `within` and `beyond` are the widths of the sessions that the pool covers and does not; `pool` is where the pool
    ends. `low`, `expected` and `high` are the forecast of the month's sessions, None without a forecast.
    """

    within: float
    beyond: float
    pool: float
    low: float | None
    expected: float | None
    high: float | None


@dataclass(frozen=True)
class BurnDown:
    """The burn-down chart: the sessions left in the pool over the month; below `zero` they are overage.

    `actual` (until now), `expected` (from now on) and `even` (a pool that is used evenly) are points of polylines;
    `fan` is a polygon, the range around `expected`. Between `earliest` and `latest` the pool is expected to be used up.
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
    """The bar chart of the sessions of each day."""

    height: int
    ticks: Sequence[Tick]
    bars: Sequence[Bar]


def pool_chart(report: UsageReport, forecast: Forecast) -> Pool:
    """The bar of the month's used sessions and its pool."""
    used, pool = report.counted, report.entitlement.total
    total = forecast.total
    longest = max(used, pool, total.high if total else 0, 1) / WIDTH
    return Pool(
        within=min(used, pool) / longest,
        beyond=max(used - pool, 0) / longest,
        pool=pool / longest,
        low=max(total.low, 0) / longest if total else None,
        expected=max(total.expected, 0) / longest if total else None,
        high=max(total.high, 0) / longest if total else None,
    )


def burn_down(report: UsageReport, forecast: Forecast, height: int = 200) -> BurnDown:
    """The burn-down chart of the month, from its first moment to its last; `height` in pixels."""
    pool, days = report.entitlement.total, len(report.days)
    remaining = [float(pool - n) for n in accumulate((day.sessions for day in report.days), initial=0)]
    elapsed = _days_gone(report)
    whole = int(elapsed)
    actual = [(float(day), remaining[day]) for day in range(whole + 1)]
    if elapsed > whole:
        actual.append((elapsed, remaining[-1]))
    ends = [(days - len(forecast.path) + 1 + index, total.used) for index, total in enumerate(forecast.path)]
    limits = [pool - limit for _, used in ends for limit in (used.low, used.high)]
    ticks = _ticks(min(0.0, *remaining, *limits), max(float(pool), *remaining, 1.0))
    top, bottom = max(ticks), min(ticks)

    def y(value: float) -> float:
        return (top - value) / (top - bottom) * height

    def points(line: Iterable[_Point]) -> str:
        return " ".join(f"{day / days * WIDTH:.1f},{y(value):.1f}" for day, value in line)

    now = actual[-1]
    path = [now, *((day, pool - used.expected) for day, used in ends)] if ends else []
    fan = [now, *((day, pool - used.low) for day, used in ends), *((day, pool - used.high) for day, used in ends[::-1])]
    exhaustion = forecast.exhaustion
    return BurnDown(
        height=height,
        ticks=[Tick(y(value), value) for value in ticks],
        zero=y(0),
        actual=points(actual),
        even=points([(0, pool), (days, 0)]) if pool else "",
        expected=points(path),
        fan=points(fan) if ends else "",
        now=(now[0] / days * WIDTH, y(now[1])),
        earliest=(exhaustion.earliest.day - 1) / days * WIDTH if exhaustion else None,
        latest=_end_of(exhaustion.latest, days) if exhaustion else None,
    )


def days_chart(report: UsageReport, height: int = 104) -> Days:
    """The chart with a bar for each day of the month; `height` in pixels."""
    ticks = _ticks(0, max(1, *(day.sessions for day in report.days)), most=3)
    slot = WIDTH / len(report.days)
    bars = []
    for index, day in enumerate(report.days):
        bar_height = day.sessions / max(ticks) * height
        weekend = date.fromisoformat(day.date).weekday() >= 5
        bars.append(Bar(index + 1, (index + 0.14) * slot, height - bar_height, slot * 0.72, bar_height, weekend))
    return Days(height, [Tick(height - value / max(ticks) * height, value) for value in ticks], bars)


def _days_gone(report: UsageReport) -> float:
    """How many days of the month are over as of the report, including the elapsed part of today."""
    if report.status != "open":
        return float(len(report.days))
    now = parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone)).replace(tzinfo=None)
    first = now.replace(year=int(report.month[:4]), month=int(report.month[5:]), day=1, hour=0, minute=0, second=0)
    return min(max((now - first.replace(microsecond=0)).total_seconds() / 86400, 0.0), float(len(report.days)))


def _end_of(day: date | None, days: int) -> float:
    return WIDTH if day is None else day.day / days * WIDTH


def _ticks(low: float, high: float, most: int = 5) -> list[int]:
    """Evenly spaced round numbers, about `most` of them; the first is at most `low`, the last at least `high`."""
    step = next(step for step in _steps() if (high - low) / step <= most)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    return (10**power * step for power in count() for step in (1, 2, 5))
