"""The report as a page for a browser: HTML with its charts inside, no script, nothing that is loaded from elsewhere."""

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.events.envelope import parse_time
from shared.usage.correction import CorrectionReason
from shared.usage.entitlement import SESSIONS_PER_ADD_ON, SESSIONS_PER_LICENCE, add_ons_needed
from shared.usage.evidence import PART
from shared.usage.forecast import MINIMUM_DAYS, WINDOW, Forecast, Range, forecast
from shared.usage.ledger import Exclusion
from shared.usage.overview import UsageOverview
from shared.usage.period import following, preceding
from shared.usage.render.breakdowns import breakdowns
from shared.usage.render.charts import burn_down, days_chart, pool_chart
from shared.usage.render.corrections import corrections
from shared.usage.render.writing import LOCALES, Reader, Writing
from shared.usage.report import UsageReport

_TEMPLATES = Path(__file__).parent / "templates"
_REASONS: Mapping[CorrectionReason, str] = {
    "late": "came after the closing",
    "counts": "counts after all",
    "recalled": "does not count after all",
    "changed": "counts elsewhere",
    "moved": "belongs to another month",
}
_EXCLUSIONS: Mapping[Exclusion, str] = {
    "no_bot": "No bot took part",
    "smart_assist_only": "A bot only assisted a person",
    "moved": "Belongs to another month",
}
_LISTED = 8
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


def render_page(report: UsageReport, reader: Reader) -> str:
    """The month's page. The same report for the same reader gives the same text."""
    expected = forecast(report)
    return _page(
        "month.html",
        reader,
        report.time_zone,
        report=report,
        forecast=expected,
        situation=_situation(report, expected),
        total=_whole(expected.total) if expected.total else None,
        add_ons=_add_ons(expected.total, report.entitlement.total) if expected.total else None,
        unused=_unused(expected.total, report.entitlement.total) if expected.total else None,
        last_day=date.fromisoformat(report.days[-1].date),
        pool=pool_chart(report, expected),
        burn=burn_down(report, expected),
        days=days_chart(report),
        lines=list(_lines(report)),
        listings=list(_listings(report)),
        corrections=corrections(report)[:_LISTED],
        before=preceding(report.month),
        after=following(report.month) if report.status != "open" and report.month != "9999-12" else None,
        today=_today(report),
        as_of=parse_time(report.as_of),
        closes_at=parse_time(report.closes_at),
        many_rows=report.rows + report.correction_count > PART,
    )


def render_overview(overview: UsageOverview, reader: Reader) -> str:
    """The page with the list of a tenant's months."""
    return _page("months.html", reader, "UTC", overview=overview)


def render_problem(problem: Mapping[str, Any], sign_in: str | None) -> str:
    """The page in place of one that cannot be shown: a problem document, and where to sign in if that helps."""
    return _page("problem.html", Reader(LOCALES[0]), "UTC", problem=problem, sign_in=sign_in)


def page_headers() -> Mapping[str, str]:
    """What a browser is told with a page: to run nothing, to load nothing, and to keep it to itself."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }


def _page(template: str, reader: Reader, time_zone: str, **names: Any) -> str:
    writing = Writing(reader.locale, time_zone)
    return _environment().get_template(template).render(w=writing, query=reader.query, **names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        style=Markup(_style()),  # noqa: S704  # a file of ours, without any text of others
        date_of=date.fromisoformat,
        minimum_days=MINIMUM_DAYS,
        window=WINDOW,
        per_licence=SESSIONS_PER_LICENCE,
        per_add_on=SESSIONS_PER_ADD_ON,
        part_rows=PART,
        reasons=_REASONS,
        exclusions=_EXCLUSIONS,
    )
    environment.filters["visible"] = _visible
    return environment


def _visible(name: str) -> str:
    """A name as people can tell it from others: what cannot be seen is written as an escape, a blank in quotes."""
    seen = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
    return seen if seen.strip() else f'"{seen}"'


@cache
def _style() -> str:
    return (_TEMPLATES / "page.css").read_text(encoding="utf-8")


def _today(report: UsageReport) -> date:
    """The date of an open month's report; the last one of a month that is over."""
    if report.status != "open":
        return date.fromisoformat(report.days[-1].date)
    return parse_time(report.as_of).astimezone(ZoneInfo(report.time_zone)).date()


def _situation(report: UsageReport, expected: Forecast) -> Situation:
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


def _whole(total: Range) -> Whole:
    """Rounded so that the range loses nothing."""
    return Whole(math.floor(total.low), round(total.expected), math.ceil(total.high))


def _add_ons(total: Range, pool: int) -> Whole:
    """The add-ons that the month's sessions need beyond the pool."""
    whole = _whole(total)
    low, expected, high = (add_ons_needed(max(0, n - pool)) for n in (whole.low, whole.expected, whole.high))
    return Whole(low, expected, high)


def _unused(total: Range, pool: int) -> Whole:
    """The sessions of the pool that nobody will have used at the month's end."""
    whole = _whole(total)
    low, expected, high = (min(max(pool - n, 0), pool) for n in (whole.high, whole.expected, whole.low))
    return Whole(low, expected, high)


def _lines(report: UsageReport) -> Iterable[Line]:
    running = list(accumulate((day.sessions for day in report.days), initial=report.corrected))[1:]
    for day, used in zip(report.days, running, strict=True):
        yield Line(date.fromisoformat(day.date), day.sessions, used, report.entitlement.total - used)


def _listings(report: UsageReport) -> Iterable[Listing]:
    for one in breakdowns(report):
        ranked = sorted(one.sessions.items(), key=lambda item: (-item[1], item[0]))
        most = max((n for _, n in ranked), default=1)
        shown = ranked if len(ranked) <= _LISTED + 1 else ranked[:_LISTED]
        rows = [Part(name, n, n / report.counted, n / most * 1000) for name, n in shown]
        rest = ranked[len(shown) :]
        yield Listing(one.title, one.part, one.member, rows, len(rest), sum(n for _, n in rest))
