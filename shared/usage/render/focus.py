"""The report as FOCUS 1.2 (FinOps Open Cost and Usage Specification): a row per bot and kind of coverage.

docs/usage-files.md gives the reason for each column's value, and says why there are no prices.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.events.envelope import parse_time
from shared.usage.charge_back import charge_back
from shared.usage.render.table import Cell, csv_table
from shared.usage.report import UsageReport

COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost", "InvoiceId",
    "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ResourceId",
    "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "x_AsOf", "x_Coverage", "x_Policy",
    "x_ReportSha256", "x_ReportStatus", "x_ReportVersion",
)  # fmt: skip
"""FOCUS's columns first, custom ones after them (section "Column Handling")."""

NO_COST = 0
"""Licences and add-ons are paid to a third party; FOCUS requires 0 then (section "Billed Cost")."""
NO_CURRENCY = "XXX"
"""ISO 4217's code for "no currency is involved"."""
SELLER = "Microsoft"
SERVICE = "Omnichannel for Customer Service"
UNIT = "Sessions"


def render_focus(report: UsageReport) -> str:
    """Sessions by bot: those that the entitlement covers, those beyond it, and what is due for closed months.

    The quantities of the first two add up to `counted`, those of the last two to `invoiced`.
    """
    fixed = _common_columns(report)
    rows = ({**fixed, **row} for row in (*_charges(report), *_due(report)))
    return csv_table(COLUMNS, ([row[column] for column in COLUMNS] for row in rows))


def _charges(report: UsageReport) -> Iterator[Mapping[str, Cell]]:
    for bot, share in charge_back(report, report.by_bot).items():
        if share.covered:
            yield _charge(bot, share.covered, "Entitlement", "Bot sessions that licences and add-ons cover")
        if share.overage:
            yield _charge(bot, share.overage, "Overage", "Bot sessions beyond the entitlement")


def _due(report: UsageReport) -> Iterator[Mapping[str, Cell]]:
    """Rows that are billed with this month, for the period of the month that was corrected."""
    for due in report.due:
        start, end = _bounds(due.month, due.time_zone)
        period = {"ChargeClass": "Correction", "ChargePeriodStart": start, "ChargePeriodEnd": end}
        for bot, sessions in due.by_bot.items():
            description = "Bot sessions beyond the entitlement of a closed month that was corrected"
            yield {**_charge(bot, sessions, "Correction", description), **period}


def _charge(bot: str, sessions: int, coverage: str, description: str) -> Mapping[str, Cell]:
    return {
        "ChargeDescription": description,
        "ConsumedQuantity": sessions,
        "PricingQuantity": sessions,
        "ResourceId": bot,
        "x_Coverage": coverage,
    }


def _common_columns(report: UsageReport) -> Mapping[str, Cell]:
    """The columns that are the same in all rows of the report."""
    start, end = _bounds(report.month, report.time_zone)
    return {
        "BilledCost": NO_COST,
        "BillingAccountId": report.tenant_id,
        "BillingAccountName": None,
        "BillingCurrency": NO_CURRENCY,
        "BillingPeriodEnd": end,
        "BillingPeriodStart": start,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "ConsumedUnit": UNIT,
        "ContractedCost": NO_COST,
        "EffectiveCost": NO_COST,
        "InvoiceId": None,
        "InvoiceIssuerName": SELLER,
        "ListCost": NO_COST,
        "PricingUnit": UNIT,
        "ProviderName": SELLER,
        "PublisherName": SELLER,
        "ResourceType": "Bot",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": SERVICE,
        "ServiceSubcategory": "Bots",
        "x_AsOf": _utc_text(parse_time(report.as_of)),
        "x_Policy": report.policy,
        "x_ReportSha256": report.sha256,
        "x_ReportStatus": report.status,
        "x_ReportVersion": report.version,
    }


def _bounds(month: str, time_zone: str) -> tuple[str, str]:
    """When the tenant's month begins (inclusive) and ends (exclusive), in UTC (section "Date/Time Format")."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZoneInfo(time_zone))
    # `datetime` has no earlier and no later moments.
    begin = datetime.min.replace(tzinfo=UTC) if month == "0001-01" else first
    end = datetime.max.replace(tzinfo=UTC) if month == "9999-12" else (first + timedelta(days=31)).replace(day=1)
    return _utc_text(begin), _utc_text(end)


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
