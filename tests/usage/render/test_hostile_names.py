"""A thousand hostile names in every file, read back by other readers: no cell is a formula, every text is exact."""

import csv
import io
from collections.abc import Callable
from functools import cache

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from shared.usage.render.csv import render_csv
from shared.usage.render.focus import render_focus
from shared.usage.render.xlsx import render_xlsx
from shared.usage.report import UsageReport
from tests.usage.render.hostile import begins_a_formula, hostile_names, restored
from tests.usage.reports import report_of

NAMES = hostile_names(1000, seed=6)


@cache
def hostile() -> UsageReport:
    """Each name is a bot, a channel and a work stream, with one session; some correct an earlier month."""
    once = dict.fromkeys(NAMES, 1)
    made = report_of(by_bot=once, by_channel=once, by_work_stream=once)
    return made.model_copy(update={"corrections": tuple({"reason": name, "sessions": -1} for name in NAMES[:50])})


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def figures(text: str, measure: str) -> dict[str, str]:
    """The values of one measure by the exact name of its part."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {restored(row["dimension"]): row["value"] for row in rows if row["measure"] == measure}


@pytest.mark.parametrize("measure", ["byBot", "byChannel", "byWorkStream"])
def test_every_name_is_exact_in_csv(measure: str) -> None:
    assert figures(render_csv(hostile()), measure) == dict.fromkeys(NAMES, "1")


def test_every_bot_is_exact_in_focus() -> None:
    rows = csv.DictReader(io.StringIO(render_focus(hostile()), newline=""))
    assert {restored(row["ResourceId"]) for row in rows} == set(NAMES)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("render", [render_csv, render_focus])
def test_no_cell_of_a_csv_is_a_formula_by_whatever_a_reader_splits_lines(
    render: Callable[[UsageReport], str], delimiter: str
) -> None:
    cells = {cell for row in table(render(hostile()), delimiter) for cell in row}
    assert {cell for cell in cells if begins_a_formula(cell)} <= {"-1"}
    # and no true cell begins with what some readers skip
    assert delimiter != "," or not any(cell.startswith(("\t", "\r", "\n")) for cell in cells)


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    check_no_cell_of_a_workbook_is_a_formula(render_xlsx)


def check_no_cell_of_a_workbook_is_a_formula(render: Callable[[UsageReport], bytes]) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(render(hostile())))
    kinds = {cell.data_type for sheet in workbook for row in sheet.iter_rows() for cell in row}
    # then there are numbers, strings and dates, and nothing else
    assert kinds == {"n", "s", "d"}


@pytest.mark.parametrize("title", ["Bots", "Channels", "Work streams"])
def test_every_name_is_exact_in_a_workbook(title: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(render_xlsx(hostile())))[title]
    # given the sheet without its header and its total; a reader undoes the format's escape of control characters
    cells = [row[0] for row in sheet.iter_rows(min_row=2, max_row=sheet.max_row - 1)]
    assert sorted(unescape(str(cell.value)) for cell in cells) == sorted(NAMES)
    # and each stays text also when somebody edits its cell
    assert all(cell.quotePrefix for cell in cells)


def test_the_reasons_of_corrections_are_exact_in_a_workbook() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(render_xlsx(hostile())))["Corrections"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [(unescape(str(reason)), n) for reason, n in rows] == [(name, -1) for name in NAMES[:50]]
