"""FOCUS 1.2: what the specification demands of each column, from a table that names the section that demands it.

The sections are those of chapter "Columns" of https://focus.finops.org/focus-specification/v1-2/ (in its repository,
tag v1.2, each is a file of `specification/columns/`); types and formats are those of chapter "Attributes".
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pytest

from shared.usage.due import due
from shared.usage.render.focus import render_focus
from shared.usage.report import UsageReport
from tests.usage.reports import report_of

Level = Literal["Mandatory", "Conditional", "Recommended"]
Type = Literal["String", "Decimal", "Date/Time", "Currency"]


@dataclass(frozen=True)
class Demand:
    """`section` of the specification wants `column` to be there at this level, of this type, null or not.

    `allowed` has the allowed values where the section lists them.
    """

    section: str
    column: str
    level: Level
    type: Type
    nulls: bool = False
    allowed: frozenset[str] = frozenset()


SERVICE_CATEGORIES = frozenset(
    [
        *("AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools"),
        *("Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media"),
        *("Migration", "Mobile", "Networking", "Security", "Storage", "Web", "Other"),
    ]
)
AI_SUBCATEGORIES = frozenset(
    [
        *("Bots", "Generative AI", "Machine Learning", "Natural Language Processing"),
        "Other (AI and Machine Learning)",
    ]
)
CHARGE_CATEGORIES = frozenset(["Usage", "Purchase", "Tax", "Credit", "Adjustment"])
FREQUENCIES = frozenset(["One-Time", "Recurring", "Usage-Based"])

DEMANDS = (
    Demand("Billed Cost", "BilledCost", "Mandatory", "Decimal"),
    Demand("Billing Account ID", "BillingAccountId", "Mandatory", "String"),
    Demand("Billing Account Name", "BillingAccountName", "Mandatory", "String", nulls=True),
    Demand("Billing Currency", "BillingCurrency", "Mandatory", "Currency"),
    Demand("Billing Period End", "BillingPeriodEnd", "Mandatory", "Date/Time"),
    Demand("Billing Period Start", "BillingPeriodStart", "Mandatory", "Date/Time"),
    Demand("Charge Category", "ChargeCategory", "Mandatory", "String", allowed=CHARGE_CATEGORIES),
    Demand("Charge Class", "ChargeClass", "Mandatory", "String", nulls=True, allowed=frozenset(["Correction"])),
    Demand("Charge Description", "ChargeDescription", "Mandatory", "String"),
    Demand("Charge Frequency", "ChargeFrequency", "Recommended", "String", allowed=FREQUENCIES),
    Demand("Charge Period End", "ChargePeriodEnd", "Mandatory", "Date/Time"),
    Demand("Charge Period Start", "ChargePeriodStart", "Mandatory", "Date/Time"),
    Demand("Consumed Quantity", "ConsumedQuantity", "Conditional", "Decimal"),
    Demand("Consumed Unit", "ConsumedUnit", "Conditional", "String"),
    Demand("Contracted Cost", "ContractedCost", "Mandatory", "Decimal"),
    Demand("Effective Cost", "EffectiveCost", "Mandatory", "Decimal"),
    Demand("Invoice ID", "InvoiceId", "Recommended", "String", nulls=True),
    Demand("Invoice Issuer", "InvoiceIssuerName", "Mandatory", "String"),
    Demand("List Cost", "ListCost", "Mandatory", "Decimal"),
    Demand("Pricing Quantity", "PricingQuantity", "Mandatory", "Decimal"),
    Demand("Pricing Unit", "PricingUnit", "Mandatory", "String"),
    Demand("Provider", "ProviderName", "Mandatory", "String"),
    Demand("Publisher", "PublisherName", "Mandatory", "String"),
    Demand("Resource ID", "ResourceId", "Conditional", "String", nulls=True),
    Demand("Resource Type", "ResourceType", "Conditional", "String", nulls=True),
    Demand("Service Category", "ServiceCategory", "Mandatory", "String", allowed=SERVICE_CATEGORIES),
    Demand("Service Name", "ServiceName", "Mandatory", "String"),
    Demand("Service Subcategory", "ServiceSubcategory", "Recommended", "String", allowed=AI_SUBCATEGORIES),
)

FORMATS: dict[Type, str] = {
    "String": r"(?s).*\S.*",  # "String Handling": not empty, not only blanks
    "Decimal": r"-?[0-9]+(\.[0-9]+)?(E-?[0-9]+)?",  # "Numeric Format": no sign for positive values, no separators
    "Date/Time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",  # "Date/Time Format": UTC, to the second
    "Currency": r"[A-Z]{3}",  # "Currency Format": ISO 4217
}
NULL = ""
"""An empty field: CSV has no other null."""


def read(report: UsageReport) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(render_focus(report), newline=""))
    rows = list(reader)
    return list(reader.fieldnames or ()), rows


def mistakes(header: Sequence[str], rows: Sequence[dict[str, str]]) -> list[str]:
    """Every demand that is not met, by its section."""
    found = [f"{demand.section}: is missing" for demand in DEMANDS if demand.column not in header]
    known = {demand.column for demand in DEMANDS}
    ours = [column for column in header if column not in known]
    found += [f"Column Handling: {column}" for column in ours if not re.fullmatch("x_[A-Z][A-Za-z0-9]*", column)]
    if list(header[len(header) - len(ours) :]) != ours:
        found.append("Column Handling: custom columns come after those of FOCUS")
    return found + [mistake for row in rows for demand in DEMANDS if (mistake := _unmet(demand, row))]


def _unmet(demand: Demand, row: dict[str, str]) -> str | None:
    value = row.get(demand.column, NULL)
    if value == NULL:
        return None if demand.nulls else f"{demand.section}: is null"
    if not re.fullmatch(FORMATS[demand.type], value):
        return f"{demand.section}: is no {demand.type}"
    if demand.allowed and value not in demand.allowed:
        return f"{demand.section}: is no allowed value"
    return None


def corrected() -> UsageReport:
    """October in Berlin, with sessions of a September in New York, recalled from one bot and found for another."""
    before = {("counted", ""): 60, ("byBot", "b1"): 60}
    changes = {("counted", ""): 1, ("byBot", "b1"): -30, ("byBot", "b2"): 31}
    made = report_of(by_bot={"b1": 3}, time_zone="Europe/Berlin")
    one = due("2026-09", "America/New_York", 50, before, changes)
    return made.model_copy(update={"due": (one,), "invoiced": one.sessions})


REPORTS = {
    "covered": report_of(by_bot={"b1": 7, "b2": 3}),
    "overage": report_of(by_bot={"b1": 90, "b2": 33}, licences=1),
    "no entitlement": report_of(by_bot={"b1": 4}, licences=0),
    "unused": report_of(by_bot={}),
    "corrected": corrected(),
    "first month": report_of(by_bot={"b1": 1}, month="1000-01", time_zone="Asia/Tokyo"),
    "last month": report_of(by_bot={"b1": 1}, month="9999-12", time_zone="America/New_York"),
}


def test_the_table_has_every_mandatory_column_of_the_specification() -> None:
    # given the columns that FOCUS 1.2 wants in any dataset, by their sections' "Feature level"
    assert sum(demand.level == "Mandatory" for demand in DEMANDS) == 21
    assert len({demand.column for demand in DEMANDS}) == len(DEMANDS)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_every_demand_of_the_specification_is_met(report: UsageReport) -> None:
    assert mistakes(*read(report)) == []


@pytest.mark.parametrize(
    ("column", "value", "mistake"),
    [
        ("BilledCost", "", "Billed Cost: is null"),
        ("ListCost", "1,000", "List Cost: is no Decimal"),
        ("PricingQuantity", "+3", "Pricing Quantity: is no Decimal"),
        ("ChargeClass", "correction", "Charge Class: is no allowed value"),
        ("ChargeCategory", "", "Charge Category: is null"),
        ("ChargePeriodEnd", "2026-11-01", "Charge Period End: is no Date/Time"),
        ("BillingPeriodStart", "2026-10-01T00:00:00+00:00", "Billing Period Start: is no Date/Time"),
        ("BillingCurrency", "Euro", "Billing Currency: is no Currency"),
        ("ServiceCategory", "Chatbots", "Service Category: is no allowed value"),
        ("ServiceName", " ", "Service Name: is no String"),
    ],
)
def test_a_cell_that_breaks_a_demand_is_noticed(column: str, value: str, mistake: str) -> None:
    header, (row, *_) = read(REPORTS["covered"])
    assert mistakes(header, [{**row, column: value}]) == [mistake]


def test_columns_that_break_a_demand_are_noticed() -> None:
    header, _ = read(REPORTS["covered"])
    without = [column for column in header if column != "ListCost"]
    assert mistakes(without, []) == ["List Cost: is missing"]
    assert mistakes([*header, "Note"], []) == ["Column Handling: Note"]
    assert mistakes(["x_Note", *header], []) == ["Column Handling: custom columns come after those of FOCUS"]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_the_quantities_add_up_to_what_was_counted_and_what_is_invoiced(report: UsageReport) -> None:
    _, rows = read(report)
    this_month = [row for row in rows if not row["ChargeClass"]]
    for quantity in ("ConsumedQuantity", "PricingQuantity"):
        assert sum(int(row[quantity]) for row in this_month) == report.counted
    beyond = sum(int(row["ConsumedQuantity"]) for row in this_month if row["x_Coverage"] == "Overage")
    assert beyond == report.overage
    corrected = sum(int(row["ConsumedQuantity"]) for row in rows if row["ChargeClass"])
    assert beyond + corrected == report.invoiced
    # and each bot has its sessions
    assert {row["ResourceId"] for row in this_month} == set(report.by_bot)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_no_cost_is_invented(report: UsageReport) -> None:
    _, rows = read(report)
    # given no price, then all costs are equal ("List Cost", "Contracted Cost", "Effective Cost": without a unit price
    # they match the billed one), and nobody pays Patchbay ("Billed Cost": 0 where a third party is paid)
    assert {row[f"{kind}Cost"] for row in rows for kind in ("Billed", "List", "Contracted", "Effective")} <= {"0"}
    assert {row["BillingCurrency"] for row in rows} <= {"XXX"}


@pytest.mark.parametrize(
    ("month", "zone", "start", "end"),
    [
        ("2026-10", "UTC", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-10", "Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        ("2026-12", "America/New_York", "2026-12-01T05:00:00Z", "2027-01-01T05:00:00Z"),
        ("2028-02", "Asia/Kolkata", "2028-01-31T18:30:00Z", "2028-02-29T18:30:00Z"),
        ("9999-12", "UTC", "9999-12-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_the_periods_are_the_tenants_month_in_utc(month: str, zone: str, start: str, end: str) -> None:
    _, (row,) = read(report_of(by_bot={"b1": 1}, month=month, time_zone=zone))
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (start, end)
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (start, end)


def test_the_first_month_of_all_has_a_period_east_of_greenwich() -> None:
    one = due("0001-01", "Asia/Tokyo", 0, {}, {("counted", ""): 1, ("byBot", "b1"): 1})
    _, rows = read(report_of(by_bot={}).model_copy(update={"due": (one,)}))
    assert [(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in rows] == [
        ("0001-01-01T00:00:00Z", "0001-01-31T14:41:01Z")
    ]


def test_what_is_due_is_billed_now_for_the_period_that_was_corrected() -> None:
    _, rows = read(corrected())
    found = {row["ResourceId"]: row for row in rows if row["ChargeClass"] == "Correction"}
    # September's overage was ten sessions of the one bot; it is eleven, five of the one and six of the other
    assert {bot: row["ConsumedQuantity"] for bot, row in found.items()} == {"b1": "-5", "b2": "6"}
    row = found["b1"]
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-09-01T04:00:00Z", "2026-10-01T04:00:00Z")
