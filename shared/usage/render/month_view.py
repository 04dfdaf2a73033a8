"""What a month's page says beside its report's own figures: the answer, what to buy, and lists that are cut to fit."""

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

LISTED = 8
"""Rows of a list on the page, so that it fits on two sheets of paper; the files have all."""

Situation = Literal["no_pool", "over", "exhausted", "too_early", "runs_out", "may_run_out", "lasts"]
"""Which sentence answers the reader's first question: does the pool last?"""


@dataclass(frozen=True)
class Whole:
    """A range in whole sessions, or whole add-ons."""

    low: int
    expected: int
    high: int


@dataclass(frozen=True)
class Part:
    """One bot, channel or work stream: its sessions, which part of all they are, and of the largest, in per mille."""

    name: str
    sessions: int
    share: float
    width: float


@dataclass(frozen=True)
class Listing:
    """The first of some rows, and how many more there are, with how many sessions."""

    title: str
    part: str
    measure: str
    rows: Sequence[Part]
    more: int
    more_sessions: int


@dataclass(frozen=True)
class Line:
    """A day of the table beside the charts."""

    day: date
    sessions: int
    used: int
    left: int


def today(report: UsageReport) -> date:
    """The date of an open month's report; the last one of a month that is over."""
    if report.status != "open":
        return date.fromisoformat(report.days[-1].date)
    return parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone)).date()


def situation(report: UsageReport, expected: Forecast) -> Situation:
    """Which sentence is true of the month."""
    if not report.entitlement.total:
        return "no_pool"
    if expected.outlook == "over":
        return "over"
    if expected.exhausted_on:
        return "exhausted"
    if expected.outlook == "too_early":
        return "too_early"
    if expected.exhaustion is None:
        return "lasts"
    return "runs_out" if expected.exhaustion.expected else "may_run_out"


def whole(total: Range) -> Whole:
    """Rounded so that the range loses nothing."""
    return Whole(math.floor(total.low), round(total.expected), math.ceil(total.high))


def add_ons(total: Range, pool: int) -> Whole:
    """The add-ons that the month's sessions need beyond the pool."""
    rounded = whole(total)
    low, expected, high = (add_ons_needed(max(0, n - pool)) for n in (rounded.low, rounded.expected, rounded.high))
    return Whole(low, expected, high)


def unused(total: Range, pool: int) -> Whole:
    """The sessions of the pool that nobody will have used at the month's end."""
    rounded = whole(total)
    low, expected, high = (min(max(pool - n, 0), pool) for n in (rounded.high, rounded.expected, rounded.low))
    return Whole(low, expected, high)


def lines(report: UsageReport) -> Iterator[Line]:
    """A line for each day of the month."""
    running = list(accumulate((day.sessions for day in report.days), initial=report.corrected))[1:]
    for day, used in zip(report.days, running, strict=True):
        yield Line(date.fromisoformat(day.date), day.sessions, used, report.entitlement.total - used)


def listings(report: UsageReport) -> Iterator[Listing]:
    """The bots, channels and work streams with most sessions."""
    for one in breakdowns(report):
        ranked = sorted(one.sessions.items(), key=lambda item: (-item[1], item[0]))
        most = max((n for _, n in ranked), default=1)
        shown = ranked if len(ranked) <= LISTED + 1 else ranked[:LISTED]
        rows = [Part(name, n, n / report.counted, n / most * 1000) for name, n in shown]
        rest = ranked[len(shown) :]
        yield Listing(one.title, one.part, one.member, rows, len(rest), sum(n for _, n in rest))
