"""Neutralised text: no formula wherever a cell could begin, and the exact text comes back by the documented rule."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.usage.render.neutralise import neutralised
from shared.usage.render.table import csv_rows
from tests.usage.render.hostile import BREAKS, FORMULA, RULE, UNSEEN, begins_a_formula, restored


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("contoso-bot", "contoso-bot"),
        ("Sales, EMEA; Q4 - new", "Sales, EMEA; Q4 - new"),
        ("O'Brien", "O'Brien"),
        ("a=b", "a=b"),
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        ("\uff20SUM(1)", "'\uff20SUM(1)"),
        ("  =1", "'  =1"),
        ("\n=1", "'\n'=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("x\n+1", "x\n'+1"),
        ("x;=1", "x;'=1"),
        ('x;"=1;', "x;'\"=1;"),
        ("'quoted'", "''quoted'"),
        ("", ""),
    ],
)
def test_an_apostrophe_stands_before_what_would_be_a_formula(text: str, cell: str) -> None:
    assert neutralised(text) == cell


@pytest.mark.parametrize("blank", ["\t", "\r\n", "\u2028", ";\t"])
def test_a_text_of_nothing_but_blanks_takes_no_longer_than_another(blank: str) -> None:
    # Given a text in which a cell could begin at each of 300,000 blanks: to look from each for a formula takes minutes
    text = blank * (300_000 // len(blank))
    # Then each is looked at once
    first = "'" if blank[0] in "\t\r\n" else ""
    assert neutralised(text) == first + text
    assert neutralised(text + "=").endswith("'=")


HOSTILE = st.text(st.sampled_from(f"{FORMULA}{BREAKS}{UNSEEN}'\"ab1") | st.characters(exclude_categories=["Cs"]))


@given(HOSTILE)
@example("'=1")
def test_the_exact_text_comes_back(text: str) -> None:
    check_the_exact_text_comes_back(text, neutralised)


def check_the_exact_text_comes_back(text: str, neutralised: Callable[[str], str]) -> None:
    assert restored(neutralised(text)) == text


@given(HOSTILE)
def test_no_cell_begins_a_formula_wherever_a_reader_ends_the_one_before(text: str) -> None:
    # given any text, when a reader splits its cell at any separator or line break
    for cell in re.split(f"[{BREAKS}]", neutralised(text)):
        # then no piece begins like a formula, blanks and invisible characters aside
        assert not begins_a_formula(cell)
    # and the cell itself does not begin with what some readers skip
    assert not neutralised(text).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(HOSTILE)
@example('a;"=1+1;')
@example('a\t" =1+1\t')
def test_no_cell_of_a_written_line_begins_a_formula_wherever_a_reader_splits_it(separator: str, text: str) -> None:
    # given a row with any text, as it is written
    written = csv_rows([["x", text, "y"]])
    # when a reader splits it at the separator of its locale, as the csv module does
    cells = [cell for line in csv.reader(io.StringIO(written, newline=""), delimiter=separator) for cell in line]
    # then no cell begins like a formula
    assert not [cell for cell in cells if begins_a_formula(cell)]


def test_the_documents_say_how_the_exact_text_comes_back() -> None:
    document = Path(__file__).parents[3] / "docs/usage-files.md"
    assert f're.sub(r"{RULE}", "", cell)' in document.read_text(encoding="utf-8")
