"""The report as a workbook (Office Open XML): a summary with a chart, the days, and a sheet for each breakdown."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from shared.usage.charge_back import Share, charge_back
from shared.usage.due import Due
from shared.usage.render.breakdowns import Breakdown, breakdowns
from shared.usage.render.corrections import corrections_table
from shared.usage.render.sheets import Column, Line, Row, Sheets
from shared.usage.render.timeline import Timeline
from shared.usage.report import UsageReport

_UPPER = re.compile("([A-Z])")


def render_xlsx(report: UsageReport) -> bytes:
    """The workbook's bytes. The same report gives the same bytes: every date in the file is `asOf`."""
    sheets = Sheets(
        title=f"Bot sessions of {report.tenant_id} in {report.month}",
        as_of=report.as_of,
        footer=f"{report.tenant_id} {report.month}, version {report.version}, {report.status}",
        comments=f"SHA-256 {report.sha256}",
    )
    chart = Timeline("Days", days=len(report.days), bars=1, lines=(2, 3))
    sheets.summary("Summary", list(_figures(report)), chart, list(_facts(report)))
    sheets.table("Days", _DAYS, list(_days(report)), total=("Total", report.counted, None, None))
    for breakdown in breakdowns(report):
        columns, rows, total = _shares(report, breakdown)
        sheets.table(breakdown.title, columns, rows, total)
    if report.due:
        sheets.table("Due", _DUE, [_due(one) for one in report.due], _total_due(report))
    if report.corrections:
        sheets.table("Corrections", *_corrections(report))
    return sheets.written()


_DAYS = (
    Column("Date", "date"),
    Column("Sessions", "number"),
    Column("Running total", "number"),
    Column("Entitlement", "number"),
)


def _days(report: UsageReport) -> Iterator[Row]:
    running = accumulate(day.sessions for day in report.days)
    for day, total in zip(report.days, running, strict=True):
        yield day.date, day.sessions, total, report.entitlement.total


def _figures(report: UsageReport) -> Iterator[Line]:
    yield "Sessions", None
    yield "Counted", report.counted
    yield "Corrected", report.corrected
    yield "Licences", report.entitlement.licences
    yield "Add-ons", report.entitlement.add_ons
    yield "Entitlement", report.entitlement.total
    yield "Remaining", report.remaining
    yield "Overage", report.overage
    yield "Add-ons needed", report.add_ons_needed
    yield "Corrections", report.correction_count
    yield "Invoiced", report.invoiced
    yield "Add-ons invoiced", report.add_ons_invoiced
    yield "Conversations not counted", None
    yield from ((reason.replace("_", " ").capitalize(), n) for reason, n in report.excluded.items())


def _facts(report: UsageReport) -> Iterator[Line]:
    yield "Report", None
    yield "Tenant", report.tenant_id
    yield "Month", report.month
    yield "Time zone", report.time_zone
    yield "Status", report.status
    yield "Version", str(report.version)
    yield "Counting policy", report.policy
    yield "As of", report.as_of
    yield "SHA-256", report.sha256
    yield "Add-on", report.add_on_product
    yield "Sold in", report.add_on_source


def _shares(report: UsageReport, breakdown: Breakdown) -> tuple[tuple[Column, ...], list[Row], Row]:
    """The columns, the rows (most sessions first) with what each part is charged, and the total row."""
    columns = (
        Column(breakdown.part),
        Column("Sessions", "number"),
        Column("Of all", "share"),
        Column("Entitlement", "number"),
        Column("Overage", "number"),
        Column("Add-ons needed", "number"),
    )
    shares = charge_back(report, breakdown.sessions)
    by_use = sorted(shares.items(), key=lambda item: (-item[1].sessions, item[0]))
    rows = [_share(part, share, report.counted) for part, share in by_use]
    whole = Share(
        sessions=sum(share.sessions for share in shares.values()),
        entitlement=sum(share.entitlement for share in shares.values()),
        overage=sum(share.overage for share in shares.values()),
        add_ons_needed=sum(share.add_ons_needed for share in shares.values()),
    )
    return columns, rows, _share("Total", whole, report.counted)


def _share(part: str, share: Share, counted: int) -> Row:
    of_all = share.sessions / counted if counted else None
    return part, share.sessions, of_all, share.entitlement, share.overage, share.add_ons_needed


_DUE = (
    Column("Month"),
    Column("Before", "number"),
    Column("After", "number"),
    Column("Pool", "number"),
    Column("Sessions due", "number"),
    Column("Add-ons due", "number"),
)


def _due(due: Due) -> Row:
    return due.month, due.before, due.after, due.pool, due.sessions, due.add_ons


def _total_due(report: UsageReport) -> Row:
    sessions, add_ons = (sum(each) for each in zip(*((one.sessions, one.add_ons) for one in report.due), strict=True))
    return "Total", None, None, None, sessions, add_ons


def _corrections(report: UsageReport) -> tuple[list[Column], Sequence[Row]]:
    members, rows = corrections_table(report)
    numbers = [all(isinstance(row[index], int) for row in rows) for index in range(len(members))]
    columns = [
        Column(_UPPER.sub(r" \1", member).capitalize(), "number" if number else "text")
        for member, number in zip(members, numbers, strict=True)
    ]
    return columns, rows
