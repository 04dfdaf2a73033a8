"""The report as CSV: one table, a row per figure, ready for a pivot."""

from collections.abc import Iterator

from shared.strict_json import canonical_json
from shared.usage.charge_back import charge_back
from shared.usage.render.breakdowns import breakdowns
from shared.usage.render.corrections import corrections
from shared.usage.render.table import Cell, csv_table
from shared.usage.report import UsageReport

HEADER = (
    "tenantId", "month", "timeZone", "status", "version", "policy", "asOf", "sha256", "measure", "dimension", "value",
)  # fmt: skip


def render_csv(report: UsageReport) -> str:
    """Measures: counted, entitlement and what is left of it, excluded by reason, the breakdowns and their shares,
    what is due for each closed month, corrections (each as JSON), sessions by date. Every row names the report."""
    fixed: tuple[Cell, ...] = (
        report.tenant_id, report.month, report.time_zone, report.status, report.version, report.policy, report.as_of,
        report.sha256,
    )  # fmt: skip
    return csv_table(HEADER, ((*fixed, *figure) for figure in _figures(report)))


def _figures(report: UsageReport) -> Iterator[tuple[str, str, int]]:
    """Each figure's measure, dimension and value; no two have the same measure and dimension."""
    yield "counted", "", report.counted
    yield "corrected", "", report.corrected
    yield "invoiced", "", report.invoiced
    yield "addOnsInvoiced", report.add_on_product, report.add_ons_invoiced
    yield "licences", "", report.entitlement.licences
    yield "addOns", "", report.entitlement.add_ons
    yield "entitlement", "", report.entitlement.total
    yield "remaining", "", report.remaining
    yield "overage", "", report.overage
    yield "addOnsNeeded", report.add_on_product, report.add_ons_needed
    yield from (("excluded", reason, n) for reason, n in report.excluded.items())
    for breakdown in breakdowns(report):
        shares = charge_back(report, breakdown.sessions)
        yield from ((breakdown.member, part, share.sessions) for part, share in shares.items())
        by = breakdown.member.removeprefix("by")
        yield from ((f"entitlementBy{by}", part, share.entitlement) for part, share in shares.items())
        yield from ((f"overageBy{by}", part, share.overage) for part, share in shares.items())
        yield from ((f"addOnsNeededBy{by}", part, share.add_ons_needed) for part, share in shares.items())
    for due in report.due:
        yield "before", due.month, due.before
        yield "after", due.month, due.after
        yield "pool", due.month, due.pool
        yield "sessionsDue", due.month, due.sessions
        yield "addOnsDue", due.month, due.add_ons
        yield from (("sessionsDueByBot", f"{due.month} {bot}", n) for bot, n in due.by_bot.items())
    for correction in corrections(report):
        yield "correction", canonical_json(correction), correction.get("sessions", 0)
    yield from (("sessions", day.date, day.sessions) for day in report.days)
