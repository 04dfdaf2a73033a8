"""The report as an HTML page, with its charts inside; it has no script and loads nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.events.envelope import parse_time
from shared.usage.correction import CorrectionReason
from shared.usage.entitlement import SESSIONS_PER_ADD_ON, SESSIONS_PER_LICENCE
from shared.usage.evidence import PART
from shared.usage.forecast import MINIMUM_DAYS, WINDOW, forecast
from shared.usage.ledger import Exclusion
from shared.usage.overview import UsageOverview
from shared.usage.period import EARLIEST_MONTH, following, preceding
from shared.usage.render import month_view
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
    "continues": "Part of the session before it",
    "moved": "Belongs to another month",
}


def render_page(report: UsageReport, reader: Reader, first_month: str = EARLIEST_MONTH) -> str:
    """The month's page. The same report for the same reader gives the same text.

    `first_month`: the one with which the tenant's books begin; no link leads to a month before it.
    """
    expected = forecast(report)
    return _page(
        "month.html",
        reader,
        report.time_zone,
        report=report,
        forecast=expected,
        situation=month_view.situation(report, expected),
        total=month_view.whole_range(expected.total) if expected.total else None,
        add_ons=month_view.add_ons(expected.total, report.entitlement.total) if expected.total else None,
        unused=month_view.unused(expected.total, report.entitlement.total) if expected.total else None,
        last_day=date.fromisoformat(report.days[-1].date),
        pool=pool_chart(report, expected),
        burn=burn_down(report, expected),
        days=days_chart(report),
        lines=list(month_view.lines(report)),
        listings=list(month_view.listings(report)),
        due=report.due[: month_view.MAX_DUE],
        corrections=corrections(report)[: month_view.MAX_LISTED],
        before=preceding(report.month) if report.month > first_month else None,
        first_month=first_month,
        after=following(report.month) if report.status != "open" and report.month != "9999-12" else None,
        today=month_view.today(report),
        as_of=parse_time(report.as_of),
        closes_at=parse_time(report.closes_at),
        many_rows=report.rows + report.correction_count > PART,
    )


def render_overview(overview: UsageOverview, reader: Reader) -> str:
    """The page with the list of a tenant's months."""
    return _page("months.html", reader, "UTC", overview=overview)


def render_problem(problem: Mapping[str, Any], sign_in: str | None) -> str:
    """The page that shows a problem document, with the address for signing in, where that helps."""
    return _page("problem.html", Reader(LOCALES[0]), "UTC", problem=problem, sign_in=sign_in)


def page_headers() -> Mapping[str, str]:
    """Response headers of a page: the browser runs nothing, loads nothing, and sends the address to nobody."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }


def _page(template: str, reader: Reader, time_zone: str, **names: Any) -> str:
    writing = Writing(reader.locale, time_zone)
    return environment().get_template(template).render(w=writing, query=reader.query, **names)


@cache
def environment(*folders: Path) -> Environment:
    """The templates of these folders and of this one, with all that the pages have in common."""
    environment = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        style=Markup(_style()),  # noqa: S704  # the project's own file
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
    """The name with invisible characters as escapes, so that people can tell names apart; a blank one is in quotes."""
    seen = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
    return seen if seen.strip() else f'"{seen}"'


@cache
def _style() -> str:
    return (_TEMPLATES / "page.css").read_text(encoding="utf-8")
