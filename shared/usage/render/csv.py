"""The report as CSV (RFC 4180): one table, a row per figure, ready for a pivot."""

import csv
import io
from collections.abc import Iterator

from shared.usage.report import UsageReport

HEADER = ("tenantId", "month", "status", "version", "measure", "dimension", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: UsageReport) -> str:
    """Measures: counted, entitlement and what is left of it, excluded by reason, the breakdowns, sessions by date."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    fixed = (report.tenant_id, report.month, report.status, report.version)
    for measure, dimension, value in _figures(report):
        writer.writerow((*fixed, measure, _harmless(dimension), value))
    return text.getvalue()


def _figures(report: UsageReport) -> Iterator[tuple[str, str, int]]:
    yield "counted", "", report.counted
    yield "licences", "", report.entitlement.licences
    yield "addOns", "", report.entitlement.add_ons
    yield "entitlement", "", report.entitlement.total
    yield "remaining", "", report.remaining
    yield "overage", "", report.overage
    yield "addOnsNeeded", report.add_on_product, report.add_ons_needed
    for measure, breakdown in (
        ("excluded", report.excluded),
        ("byBot", report.by_bot),
        ("byChannel", report.by_channel),
        ("byWorkStream", report.by_work_stream),
    ):
        yield from ((measure, dimension, value) for dimension, value in breakdown.items())
    yield from (("sessions", day.date, day.sessions) for day in report.days)


def _harmless(text: str) -> str:
    """A bot may be called anything; a spreadsheet would run a cell that begins like a formula."""
    return "'" + text if text.startswith(_FORMULA) else text
