"""The workbook, read back with another library: its sheets, its figures, its chart, and the same bytes again."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from shared.usage.due import due
from shared.usage.render.xlsx import render_xlsx
from shared.usage.report import UsageReport
from tests.usage.render.hostile import hostile_names
from tests.usage.reports import AS_OF, report_of

REPORT = report_of(
    by_bot={"b1": 33, "b2": 90}, by_channel={"a/web": 100, "a/app": 23}, by_work_stream={"W": 123}, licences=1
)


def sheet_of(report: UsageReport, title: str) -> list[tuple[Any, ...]]:
    workbook = openpyxl.load_workbook(io.BytesIO(render_xlsx(report)))
    return list(workbook[title].iter_rows(values_only=True))


def test_there_is_a_summary_and_a_sheet_for_the_days_and_each_breakdown() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(render_xlsx(REPORT)))
    assert workbook.sheetnames == ["Summary", "Days", "Bots", "Channels", "Work streams"]
    # and each table's header stays in view and is printed on every page
    for title in workbook.sheetnames[1:]:
        assert (workbook[title].freeze_panes, workbook[title].print_title_rows) == ("A2", "$1:$1")


def test_the_summary_says_what_the_report_says() -> None:
    said = {row[0]: row[1] for row in sheet_of(REPORT, "Summary")}
    figures = {
        "Counted": 123,
        "Corrected": 0,
        "Invoiced": 73,
        "Add-ons invoiced": 1,
        "Licences": 1,
        "Entitlement": 50,
        "Overage": 73,
        "Add-ons needed": 1,
        "No bot": 3,
    }
    facts = {
        "Tenant": "contoso",
        "Month": "2026-10",
        "Status": "closing",
        "Version": "1",
        "As of": "2026-11-20T12:00:00Z",
    }
    assert {**said, **figures, **facts} == said
    assert (said["SHA-256"], said["Add-on"]) == (REPORT.sha256, REPORT.add_on_product)


def test_the_days_are_dates_with_a_running_total() -> None:
    header, *days, total = sheet_of(REPORT, "Days")
    assert header == ("Date", "Sessions", "Running total", "Entitlement")
    assert (len(days), days[4][0].date(), days[30][0].date()) == (31, date(2026, 10, 5), date(2026, 10, 31))
    assert [day[1:] for day in (days[3], days[4], days[30])] == [(0, 0, 50), (123, 123, 50), (0, 123, 50)]
    assert total[:2] == ("Total", 123)


def test_a_breakdown_has_the_most_used_first_and_shares_that_add_up() -> None:
    header, *rows, total = sheet_of(REPORT, "Bots")
    assert header == ("Bot", "Sessions", "Of all", "Entitlement", "Overage", "Add-ons needed")
    assert rows == [("b2", 90, 90 / 123, 37, 53, 1), ("b1", 33, 33 / 123, 13, 20, 0)]
    assert total == ("Total", 123, 1, 50, 73, 1)
    assert [sum(row[column] for row in rows) for column in (1, 3, 4, 5)] == [123, 50, 73, 1]


def test_what_is_due_for_closed_months_has_a_sheet_that_adds_up() -> None:
    before, changed = ({("counted", ""): n, ("byBot", "b1"): n} for n in (49, 3))
    months = tuple(due(month, "UTC", 50, before, changed) for month in ("2026-08", "2026-09"))
    assert sheet_of(REPORT.model_copy(update={"due": months}), "Due") == [
        ("Month", "Before", "After", "Pool", "Sessions due", "Add-ons due"),
        ("2026-08", 49, 52, 50, 2, 1),
        ("2026-09", 49, 52, 50, 2, 1),
        ("Total", None, None, None, 4, 2),
    ]


def test_corrections_have_a_sheet_where_there_are_any() -> None:
    made = REPORT.model_copy(
        update={"corrections": ({"originMonth": "2026-09", "sessions": -2, "changes": [1]}, {"reason": "late"})}
    )
    assert sheet_of(made, "Corrections") == [
        ("Origin month", "Sessions", "Changes", "Reason"), ("2026-09", -2, "[1]", None), (None, None, None, "late"),
    ]  # fmt: skip


def test_a_chart_draws_the_days_of_the_sheet() -> None:
    files = zipfile.ZipFile(io.BytesIO(render_xlsx(REPORT)))
    chart = files.read("xl/charts/chart1.xml").decode()
    for column in "BCD":
        assert f"Days!${column}$2:${column}$32" in chart


def test_the_same_report_gives_the_same_bytes_and_no_time_but_its_own() -> None:
    check_the_same_report_gives_the_same_bytes_and_no_time_but_its_own(render_xlsx)


def check_the_same_report_gives_the_same_bytes_and_no_time_but_its_own(render: Callable[[UsageReport], bytes]) -> None:
    made = render(REPORT)
    assert render(REPORT.model_copy()) == made
    files = zipfile.ZipFile(io.BytesIO(made))
    assert {info.date_time for info in files.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(io.BytesIO(made)).properties
    as_of = AS_OF.replace(tzinfo=None)
    assert (properties.created, properties.modified) == (as_of, as_of)


@pytest.mark.parametrize("month", ["1000-01", "1899-12", "1900-01", "1900-03", "2028-02", "9999-12"])
def test_every_month_that_there_is_can_be_written(month: str) -> None:
    _, first, *_ = sheet_of(report_of(by_bot={"b1": 1}, month=month), "Days")
    assert str(first[0])[:10] == f"{month}-01"


def test_a_month_that_nobody_used_has_empty_breakdowns() -> None:
    empty = report_of(by_bot={}, by_channel={}, by_work_stream={}, licences=0)
    assert sheet_of(empty, "Bots")[1:] == [("Total", 0, None, 0, 0, 0)]


def test_text_that_looks_like_the_formats_own_markup_is_text() -> None:
    # given names that a writer of workbooks could take for its markup, or for its escapes
    rich, escape = '<r><t>x</t></r><r b="&amp;">"</r>', "_x000D_"
    made = render_xlsx(report_of(by_bot={rich: 2, escape: 1}))
    names = [row[0] for row in openpyxl.load_workbook(io.BytesIO(made))["Bots"].iter_rows(min_row=2, values_only=True)]
    assert names[:2] == [rich, escape]
    # then the escape is escaped itself (ECMA-376, 22.9.2.19), so that it does not become a carriage return
    assert "_x005F_x000D_" in zipfile.ZipFile(io.BytesIO(made)).read("xl/sharedStrings.xml").decode()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_and_prints_it(tmp_path: Path) -> None:
    # given a workbook with hostile names
    names = dict.fromkeys(hostile_names(100, seed=7), 1)
    (tmp_path / "usage.xlsx").write_bytes(render_xlsx(report_of(by_bot=names, by_channel=names, by_work_stream=names)))
    # when it is printed, with a profile of its own
    command = [
        "soffice",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "pdf",
    ]
    subprocess.run([*command, "usage.xlsx"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    # then there is a page for each sheet at least
    printed = (tmp_path / "usage.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type/Page/") >= 5
