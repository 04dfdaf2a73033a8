"""The month's report: entitlement in time, overage, and a hash that says whether two reports say the same."""

import csv
import io
from collections.abc import Mapping
from datetime import date

import pytest

from shared.events.envelope import parse_time
from shared.tenants.configuration import AddOn, Configuration, Licence
from shared.tenants.history import History
from shared.usage.entitlement import add_ons_needed, entitlement
from shared.usage.ledger import DayCounts
from shared.usage.render.csv import render_csv
from shared.usage.report import UsageReport, build_report
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
