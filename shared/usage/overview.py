"""The overview: the list of a tenant's months with their main figures."""

from typing import Literal

from shared.usage.entitlement import Entitlement
from shared.usage.report import UsageReport
from shared.wire import ExactModel

MAX_MONTHS = 36
"""The most months in one list."""


class MonthLinks(ExactModel):
    """Addresses of the month's report and evidence, relative to the address of the list."""

    report: str
    html: str
    csv: str
    xlsx: str
    focus: str
    evidence: str


class MonthOverview(ExactModel):
    """A month's main figures, as its report has them."""

    month: str
    status: Literal["open", "closing", "closed"]
    counted: int
    corrected: int
    invoiced: int
    entitlement: Entitlement
    remaining: int
    overage: int
    add_ons_needed: int
    add_ons_invoiced: int
    version: int
    as_of: str
    sha256: str
    links: MonthLinks


class UsageOverview(ExactModel):
    """The months, the newest first; `continuation` asks for older ones, None if there are none."""

    tenant_id: str
    months: tuple[MonthOverview, ...]
    continuation: str | None


def month_overview(report: UsageReport) -> MonthOverview:
    """The main figures of one report, with its links."""
    address = f"usage/{report.month}"
    return MonthOverview(
        month=report.month,
        status=report.status,
        counted=report.counted,
        corrected=report.corrected,
        invoiced=report.invoiced,
        entitlement=report.entitlement,
        remaining=report.remaining,
        overage=report.overage,
        add_ons_needed=report.add_ons_needed,
        add_ons_invoiced=report.add_ons_invoiced,
        version=report.version,
        as_of=report.as_of,
        sha256=report.sha256,
        links=MonthLinks(
            report=address,
            html=f"{address}?format=html",
            csv=f"{address}?format=csv",
            xlsx=f"{address}?format=xlsx",
            focus=f"{address}?format=focus",
            evidence=f"{address}/sessions",
        ),
    )
