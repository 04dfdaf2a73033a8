"""The month's report: entitlement in time, overage, and a hash that says whether two reports say the same."""

import csv
import io
from collections.abc import Mapping
from datetime import date

import pytest

from shared.events.envelope import parse_time
from shared.tenants.configuration import AddOn, Configuration, Licence
from shared.tenants.history import History
from shared.usage.due import due
from shared.usage.entitlement import add_ons_needed, entitlement
from shared.usage.ledger import DayCounts
from shared.usage.render.csv import render_csv
from shared.usage.report import Settlement, UsageReport, build_report
from tests.builders import contoso, history

AS_OF = parse_time("2026-11-20T12:00:00Z")


def bought(licences: int, add_ons: int = 0, since: str = "2026-10-15") -> Configuration:
    day = date.fromisoformat(since)
    return contoso().model_copy(
        update={
            "licences": (Licence(product="Chat", quantity=licences, effective=day),),
            "add_ons": (AddOn(quantity=add_ons, effective=day),),
        }
    )


def report(
    sessions: int,
    versions: History,
    month: str = "2026-10",
    previous: UsageReport | None = None,
    bot: str = "contoso-bot",
) -> UsageReport:
    counts: Mapping[str, DayCounts] = {
        f"{month}-05": {("counted", ""): sessions, ("byBot", bot): sessions, ("excluded", "no_bot"): 3}
    }
    return build_report("contoso", month, counts, versions, AS_OF, previous)


@pytest.mark.parametrize(("month", "total"), [("2026-09", 0), ("2026-10", 200), ("2026-11", 200), ("2027-01", 200)])
def test_what_is_bought_counts_for_the_whole_of_its_month_and_after(month: str, total: int) -> None:
    assert entitlement(bought(2, 1), month).total == total


def test_add_ons_need_a_licence() -> None:
    assert entitlement(bought(0, 5), "2026-10").total == 0


@pytest.mark.parametrize(
    ("sessions", "remaining", "overage", "needed"),
    [(0, 50, 0, 0), (49, 1, 0, 0), (50, 0, 0, 0), (51, 0, 1, 1), (150, 0, 100, 1), (151, 0, 101, 2)],
)
def test_what_is_left_and_what_is_over(sessions: int, remaining: int, overage: int, needed: int) -> None:
    made = report(sessions, history(bought(1)))
    assert (made.remaining, made.overage, made.add_ons_needed) == (remaining, overage, needed)
    assert add_ons_needed(made.overage) == needed


def test_a_later_version_says_nothing_about_a_month_that_was_over() -> None:
    # Given licences that were given up in November
    versions = history(bought(4), ("2026-11-02T00:00:00Z", bought(0)))
    # Then October keeps its entitlement, and November has none
    assert report(1, versions).entitlement.total == 200
    assert report(1, versions, "2026-11").entitlement.total == 0


def test_the_same_content_is_the_same_version_and_hash_and_other_content_the_next() -> None:
    first = report(1, history(bought(1)))
    again = report(1, history(bought(1)), previous=first)
    more = report(2, history(bought(1)), previous=again)
    assert (again.version, again.sha256) == (first.version, first.sha256)
    assert (more.version, more.sha256 != first.sha256) == (first.version + 1, True)


def test_every_day_of_the_month_is_there() -> None:
    days = report(7, history(bought(1))).days
    assert [len(days), sum(day.sessions for day in days), days[4].sessions] == [31, 7, 7]
    assert len(report(0, history(bought(1)), "2028-02").days) == 29


def test_the_csv_holds_every_figure_and_no_formula() -> None:
    # Given a bot with the name of a formula
    made = report(7, history(bought(1)), bot="=HYPERLINK(1)")
    rows = list(csv.DictReader(io.StringIO(render_csv(made))))
    figures = {(row["measure"], row["dimension"]): row["value"] for row in rows}
    assert figures["counted", ""] == "7"
    assert figures["excluded", "no_bot"] == "3"
    assert figures["sessions", "2026-10-05"] == "7"
    assert figures["byBot", "'=HYPERLINK(1)"] == "7"


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        ("2026-10-31", "2026-11-01", {"2026-09": 0, "2026-10": 50, "2026-11": 50, "2026-12": 0}),
        ("2026-12-31", "2027-01-31", {"2026-11": 0, "2026-12": 50, "2027-01": 50, "2027-02": 0}),
        ("2028-02-29", "2028-02-29", {"2028-01": 0, "2028-02": 50, "2028-03": 0}),
        ("2026-10-01", None, {"2026-09": 0, "2026-10": 50, "2030-01": 50}),
    ],
)
def test_what_is_bought_counts_in_every_month_with_a_day_on_which_it_is_in_effect(
    since: str, until: str | None, months: dict[str, int]
) -> None:
    last = date.fromisoformat(until) if until else None
    licence = Licence(product="Digital Messaging", quantity=1, effective=date.fromisoformat(since), until=last)
    configuration = contoso().model_copy(update={"licences": (licence,), "add_ons": ()})
    assert {month: entitlement(configuration, month).total for month in months} == months


def test_licences_of_both_products_and_add_ons_are_one_pool() -> None:
    day = date(2026, 10, 31)
    chat = Licence(product="Chat", quantity=2, effective=day)
    messaging = Licence(product="Digital Messaging", quantity=3, effective=day)
    add_ons = AddOn(quantity=4, effective=day, until=date(2026, 11, 30))
    pooled = contoso().model_copy(update={"licences": (chat, messaging), "add_ons": (add_ons,)})
    assert [entitlement(pooled, month).total for month in ("2026-09", "2026-10", "2026-11", "2026-12")] == [
        0,
        5 * 50 + 4 * 100,
        5 * 50 + 4 * 100,
        5 * 50,
    ]


@pytest.mark.parametrize(
    ("zone", "in_force", "total"),
    [
        # The month ends in Los Angeles at 07:00 UTC, after the clocks were put back; in Kiritimati 14 hours before UTC.
        ("America/Los_Angeles", "2026-11-01T06:59:59Z", 500),
        ("America/Los_Angeles", "2026-11-01T07:00:00Z", 50),
        ("Pacific/Kiritimati", "2026-10-31T09:59:59Z", 500),
        ("Pacific/Kiritimati", "2026-10-31T10:00:00Z", 50),
        ("UTC", "2026-10-31T23:59:59Z", 500),
        ("UTC", "2026-11-01T00:00:00Z", 50),
    ],
)
def test_what_is_in_force_in_the_tenants_last_moment_of_the_month_is_its_entitlement(
    zone: str, in_force: str, total: int
) -> None:
    # Given ten licences where there was one, in force around the end of October
    before, after = (bought(n).model_copy(update={"time_zone": zone}) for n in (1, 10))
    versions = history(before, (in_force, after))
    # Then October has them if they were in force before its end, and November has them anyway
    assert report(1, versions).entitlement.total == total
    assert report(1, versions, "2026-11").entitlement.total == 500


def test_nothing_carries_over_into_the_next_month() -> None:
    for month in ("2026-12", "2027-01"):
        made = report(10, history(bought(1)), month)
        assert (made.remaining, made.overage) == (40, 0)


@pytest.mark.parametrize(
    ("sessions", "before", "after", "invoiced", "add_ons"),
    [
        (49, 10, 11, 0, 0),  # the closed month's pool covers what came late
        (50, 50, 51, 1, 1),  # it does not
        (51, 51, 50, 0, 0),  # beyond the pool here, and no longer there
        (0, 60, 55, -5, 0),
        (0, 51, 50, -1, -1),
        (151, 150, 151, 102, 3),
    ],
)
def test_a_month_is_invoiced_with_its_own_overage_and_with_what_is_due_for_closed_months(
    sessions: int, before: int, after: int, invoiced: int, add_ons: int
) -> None:
    # Given a month with sessions of its own and a pool of 50, and corrections of a closed month with such a pool
    changed = {("counted", ""): after - before}
    closed = due("2026-09", "UTC", 50, {("counted", ""): before}, changed)
    settlement = Settlement((closed,), 3, (), (), closed=False)
    counts = {"2026-10-05": {("counted", ""): sessions}}
    made = build_report("contoso", "2026-10", counts, history(bought(1)), AS_OF, None, settlement)
    # Then what is left of its pool, and what goes beyond it, follows from its own sessions
    beyond = max(0, sessions - 50)
    assert (made.counted, made.remaining, made.overage) == (sessions, max(0, 50 - sessions), beyond)
    assert made.add_ons_needed == add_ons_needed(beyond)
    # and what is due is invoiced beside it
    assert (made.corrected, made.correction_count, made.due) == (after - before, 3, (closed,))
    assert (made.invoiced, made.add_ons_invoiced) == (invoiced, add_ons)


def test_the_report_says_what_to_buy_and_where() -> None:
    made = report(51, history(bought(1)))
    assert made.add_on_product == "Dynamics 365 for Customer Service Chatbot session add-on"
    assert made.add_on_source == "https://admin.microsoft.com > Billing > Purchase Services > Add-ons"


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2026-10-31T23:59:59.999999Z", "open"), ("2026-11-01T00:00:00Z", "closing"), ("2027-05-01T00:00:00Z", "closing")],
)
def test_a_month_is_open_until_it_is_over_and_closing_until_it_is_closed(as_of: str, status: str) -> None:
    made = build_report("contoso", "2026-10", {}, history(contoso()), parse_time(as_of), None)
    assert (made.status, made.closes_at) == (status, "2026-11-09T00:00:00Z")
    closed = Settlement((), 0, (), (), closed=True)
    final = build_report("contoso", "2026-10", {}, history(contoso()), parse_time(as_of), made, closed)
    assert (final.status, final.version, final.as_of) == ("closed", made.version + 1, as_of)
