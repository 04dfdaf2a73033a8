"""The tests of what a report is written as notice text that becomes a formula or markup, and another time."""

import csv
import html
import io
from datetime import timedelta

import openpyxl
import pytest
from hypothesis import example, given, settings

from shared.clock import MovableClock
from shared.events.envelope import format_time
from shared.usage.render.csv import render_csv
from shared.usage.render.neutralise import neutralised
from shared.usage.render.page import render_page
from shared.usage.render.writing import Reader
from shared.usage.render.xlsx import render_xlsx
from shared.usage.report import UsageReport
from tests.usage.render import test_hostile_names
from tests.usage.render.hostile import restored
from tests.usage.render.test_hostile_names import check_no_cell_of_a_workbook_is_a_formula, table
from tests.usage.render.test_neutralise import HOSTILE, check_the_exact_text_comes_back
from tests.usage.render.test_page import check_hostile_names_are_text_and_nothing_else
from tests.usage.render.test_xlsx import check_the_same_report_gives_the_same_bytes_and_no_time_but_its_own
from tests.usage.reports import AS_OF

UNSHRUNK = settings.get_profile("unshrunk")


def only_at_the_start(text: str) -> str:
    return f"'{text}" if neutralised(text).startswith("'") else text


def with_first_characters_only(report: UsageReport) -> str:
    written = io.StringIO(newline="")
    rows = table(render_csv(report))
    csv.writer(written).writerows([only_at_the_start(restored(cell)) for cell in row] for row in rows)
    return written.getvalue()


def test_only_the_first_character_of_a_cell_is_looked_at() -> None:
    with pytest.raises(AssertionError, match=r"<= \{'-1'\}"):
        test_hostile_names.test_no_cell_of_a_csv_is_a_formula_by_whatever_a_reader_splits_lines(
            with_first_characters_only, ";"
        )


def sparing_apostrophes(text: str) -> str:
    return text if text.startswith("'") else neutralised(text)


def test_an_apostrophe_of_the_text_is_taken_for_one_of_the_writer() -> None:
    @UNSHRUNK
    @given(HOSTILE)
    @example("'=1")
    def check(text: str) -> None:
        check_the_exact_text_comes_back(text, sparing_apostrophes)

    with pytest.raises(AssertionError, match="'=1' =="):
        check()


def with_names_as_markup(report: UsageReport, reader: Reader) -> str:
    return html.unescape(render_page(report, reader))


def test_a_page_takes_names_for_markup() -> None:
    with pytest.raises(AssertionError, match="script"):
        check_hostile_names_are_text_and_nothing_else(with_names_as_markup)


def guessed(report: UsageReport) -> bytes:
    """The workbook, whose texts openpyxl has set once more: it guesses what they are."""
    workbook, written = openpyxl.load_workbook(io.BytesIO(render_xlsx(report))), io.BytesIO()
    for cell in (cell for sheet in workbook for row in sheet.iter_rows() for cell in row):
        cell.value = cell.value
    workbook.save(written)
    return written.getvalue()


def test_a_workbooks_texts_are_guessed_at() -> None:
    with pytest.raises(AssertionError, match="'f'"):
        check_no_cell_of_a_workbook_is_a_formula(guessed)


def test_a_workbook_is_dated_now() -> None:
    clock = MovableClock(AS_OF)

    def dated_now(report: UsageReport) -> bytes:
        clock.advance(timedelta(seconds=1))
        return render_xlsx(report.model_copy(update={"as_of": format_time(clock.now())}))

    with pytest.raises(AssertionError, match="b'PK"):
        check_the_same_report_gives_the_same_bytes_and_no_time_but_its_own(dated_now)
