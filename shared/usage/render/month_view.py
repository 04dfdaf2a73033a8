"""What a month's page shows beside the report's figures: the answer, what to buy, and lists that are cut to fit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from shared.events.envelope import parse_time
from shared.usage.entitlement import add_ons_needed
from shared.usage.forecast import Forecast, Range
from shared.usage.render.breakdowns import breakdowns
from shared.usage.report import UsageReport

MAX_LISTED = 8
"""The most rows of a list on the page, so that it fits on two sheets of paper; the files have all rows."""

MAX_DUE = 3
"""The most corrected months that are explained on the page; the files have all."""

Situation = Literal["no_pool", "over", "exhausted", "too_early", "runs_out", "may_run_out", "lasts"]
"""Which sentence answers the reader's first question: does the pool last?"""


@dataclass(frozen=True)
class WholeRange:
    """A range in whole_range sessions, or whole_range add-ons."""

    low: int
    expected: int
    high: int


@dataclass(frozen=True)
class Part:
    """One bot, channel or work stream. `share` is its part of all sessions (0 to 1), `width` its bar in per mille."""

    name: str
    sessions: int
    share: float
    width: float


@dataclass(frozen=True)
class Listing:
    """The first rows of a breakdown; `more` rows are left out, with `more_sessions` sessions."""

    title: str
    part: str
    measure: str
    rows: Sequence[Part]
    more: int
    more_sessions: int


@dataclass(frozen=True)
class Line:
    """A row of the table beside the charts: one day, with the pool's sessions `used` by its end, and `left`."""

    day: date
    sessions: int
    used: int
    left: int


def today(report: UsageReport) -> date:
    """The date of an open month's report; of a month that is over its last date."""
    if report.status != "open":
        return date.fromisoformat(report.days[-1].date)
    return parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone)).date()


def situation(report: UsageReport, forecast: Forecast) -> Situation:
    """Which sentence is true of the month."""
    if not report.entitlement.total:
        return "no_pool"
    if forecast.outlook == "over":
        return "over"
    if forecast.exhausted_on:
        return "exhausted"
    if forecast.outlook == "too_early":
        return "too_early"
    if forecast.exhaustion is None:
        return "lasts"
    return "runs_out" if forecast.exhaustion.expected else "may_run_out"


def whole_range(total: Range) -> WholeRange:
    """The range in whole_range numbers; its limits are rounded outwards."""
    return WholeRange(math.floor(total.low), round(total.expected), math.ceil(total.high))


def add_ons(total: Range, pool: int) -> WholeRange:
    """The add-ons that the month's sessions need beyond the pool."""
    rounded = whole_range(total)
    low, expected, high = (add_ons_needed(max(0, n - pool)) for n in (rounded.low, rounded.expected, rounded.high))
    return WholeRange(low, expected, high)


def unused(total: Range, pool: int) -> WholeRange:
    """The sessions of the pool that will be unused at the month's end."""
    rounded = whole_range(total)
    low, expected, high = (min(max(pool - n, 0), pool) for n in (rounded.high, rounded.expected, rounded.low))
    return WholeRange(low, expected, high)


def lines(report: UsageReport) -> Iterator[Line]:
    """A row of the table for each day of the month."""
    running = accumulate(day.sessions for day in report.days)
    for day, used in zip(report.days, running, strict=True):
        yield Line(date.fromisoformat(day.date), day.sessions, used, report.entitlement.total - used)


def listings(report: UsageReport) -> Iterator[Listing]:
    """The bots, the channels and the work streams with the most sessions."""
    for breakdown in breakdowns(report):
        ranked = sorted(breakdown.sessions.items(), key=lambda item: (-item[1], item[0]))
        most = max((n for _, n in ranked), default=1)
        shown = ranked if len(ranked) <= MAX_LISTED + 1 else ranked[:MAX_LISTED]
        rows = [Part(name, n, n / report.counted, n / most * 1000) for name, n in shown]
        rest = ranked[len(shown) :]
        more_sessions = sum(n for _, n in rest)
        yield Listing(breakdown.title, breakdown.part, breakdown.member, rows, len(rest), more_sessions)
