"""The report as CSV: every figure once, with all that identifies the report, and shares that add up."""

import csv
import io

import pytest

from shared.usage.due import due
from shared.usage.render.csv import render_csv
from shared.usage.report import UsageReport
from tests.usage.render.hostile import restored
from tests.usage.reports import report_of

REPORT = report_of(
    by_bot={"b1": 90, "b2": 33}, by_channel={"a/web": 100, "a/app": 23}, by_work_stream={"W": 123}, licences=1
)


def rows_of(report: UsageReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_csv(report), newline="")))


def figures(report: UsageReport) -> dict[tuple[str, str], int]:
    rows = rows_of(report)
    found = {(row["measure"], restored(row["dimension"])): int(row["value"]) for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_row_says_which_report_it_is_of() -> None:
    for row in rows_of(REPORT):
        assert (row["tenantId"], row["month"], row["timeZone"]) == ("contoso", "2026-10", "UTC")
        assert (row["status"], row["version"], row["policy"]) == ("closing", "1", REPORT.policy)
        assert (row["asOf"], row["sha256"]) == ("2026-11-20T12:00:00Z", REPORT.sha256)


def test_every_figure_of_the_report_is_a_row() -> None:
    found = figures(REPORT)
    totals = {
        "counted": 123,
        "corrected": 0,
        "invoiced": 73,
        "licences": 1,
        "addOns": 0,
        "entitlement": 50,
        "remaining": 0,
        "overage": 73,
    }
    assert {measure: found[measure, ""] for measure in totals} == totals
    assert found["addOnsNeeded", REPORT.add_on_product] == 1
    assert found["excluded", "no_bot"] == 3
    assert found["byBot", "b2"] == 33
    assert found["sessions", "2026-10-05"] == 123
    assert sum(measure == "sessions" for measure, _ in found) == 31


@pytest.mark.parametrize("by", ["Bot", "Channel", "WorkStream"])
@pytest.mark.parametrize("measure", ["entitlement", "overage", "addOnsNeeded"])
def test_what_is_charged_back_adds_up(measure: str, by: str) -> None:
    found = figures(REPORT)
    whole = found[measure, REPORT.add_on_product if measure == "addOnsNeeded" else ""]
    assert sum(n for (name, _), n in found.items() if name == f"{measure}By{by}") == whole


def test_what_is_due_for_a_closed_month_is_explained_row_by_row() -> None:
    # given September, whose pool of 50 no longer covers two sessions that came late
    before, changed = ({("counted", ""): n, ("byBot", "b1"): n} for n in (49, 3))
    made = REPORT.model_copy(update={"due": (due("2026-09", "UTC", 50, before, changed),)})
    found = figures(made)
    explained = {
        measure: found[measure, "2026-09"] for measure in ("before", "after", "pool", "sessionsDue", "addOnsDue")
    }
    assert explained == {"before": 49, "after": 52, "pool": 50, "sessionsDue": 2, "addOnsDue": 1}
    assert found["sessionsDueByBot", "2026-09 b1"] == 2


def test_a_correction_is_a_row_with_its_document_and_its_sessions() -> None:
    made = REPORT.model_copy(update={"corrections": ({"reason": "=late", "sessions": -2},)})
    assert figures(made)["correction", '{"reason":"=late","sessions":-2}'] == -2


def test_lines_end_as_rfc_4180_wants_it() -> None:
    lines = render_csv(REPORT).split("\r\n")
    assert lines[0].startswith("tenantId,month,")
    assert (lines[-1], any("\n" in line or "\r" in line for line in lines)) == ("", False)
