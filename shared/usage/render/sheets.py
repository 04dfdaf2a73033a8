"""Sheets of a workbook, in one style: tables with a header that stays, and a summary with a chart.

Texts are cells of type string: exact, and never a formula. Figures are numbers; no cell is calculated by the reader.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from shared.events.envelope import parse_time
from shared.usage.render.timeline import ACCENT, GREY, Timeline, timeline

Kind = Literal["text", "number", "share", "date"]
Value = str | int | float | None
Row = Sequence[Value]
Line = tuple[str, Value]
"""A label and its value; without a value it is a heading."""

_NARROW, _WIDE = 12, 60
"""Widths of columns, in characters."""
_LINE = 15
"""Height of a line, in points."""
_CHART_ENDS = 22
"""The row below the summary's chart."""
_NUMBER_FORMATS: dict[Kind, str] = {"text": "@", "number": "#,##0", "share": "0.0%", "date": "yyyy-mm-dd"}
_A4 = 9
_OLDEST = "1900-03-01"
"""Dates before this are written as text: Excel takes 1900 for a leap year, so readers disagree about them."""


@dataclass(frozen=True)
class Column:
    """A column's title, and what its cells hold. A date is text such as 2026-10-05; a share is from 0 to 1."""

    title: str
    kind: Kind = "text"


class Sheets:
    """Writes a workbook. `as_of` (RFC 3339) is the only time in it."""

    def __init__(self, title: str, as_of: str, footer: str, comments: str) -> None:
        self._file = io.BytesIO()
        self._book = Workbook(self._file, {"in_memory": True})
        self._title = title
        self._footer = footer
        created = parse_time(as_of).replace(tzinfo=None)
        self._book.set_properties({"title": title, "author": "Patchbay", "comments": comments, "created": created})
        self._title_style = self._style(bold=True, font_size=16, font_color=ACCENT)
        self._heading = self._style(bold=True, font_color=ACCENT, bottom=1, bottom_color=ACCENT)
        self._label = self._style(font_color=GREY)
        self._fact = self._style(num_format="@", align="left", quote_prefix=True)
        self._styles = {kind: self._cell_style(kind) for kind in _NUMBER_FORMATS}
        self._totals = {kind: self._cell_style(kind, bold=True, top=1) for kind in _NUMBER_FORMATS}

    def summary(self, name: str, figures: Sequence[Line], chart: Timeline, facts: Sequence[Line]) -> None:
        """Add a sheet of figures with the chart beside them, and facts (texts that may be long) below."""
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 14)
        sheet.write_string(0, 0, self._title, self._title_style)
        end = self._lines(sheet, 2, figures)
        sheet.insert_chart(2, 3, timeline(self._book, chart), {"description": self._title})
        self._lines(sheet, max(end, _CHART_ENDS) + 1, facts)

    def _lines(self, sheet: Worksheet, at: int, lines: Sequence[Line]) -> int:
        """Write labels and values from row `at` on, a blank row before each heading. Returns the row after the last."""
        for number, (label, value) in enumerate(lines):
            if value is None:
                at += 1 if number else 0
                _write(sheet, at, 0, label, self._heading)
                sheet.write_blank(at, 1, None, self._heading)
            else:
                _write(sheet, at, 0, label, self._label)
                _write(sheet, at, 1, value, self._fact if isinstance(value, str) else self._styles["number"])
            at += 1
        return at

    def table(self, name: str, columns: Sequence[Column], rows: Sequence[Row], total: Row | None = None) -> None:
        """Add a sheet with a filter, a header that stays in view and on every printed page, and perhaps a total row."""
        sheet = self._sheet(name)
        for at, row in enumerate(rows, 1):
            # Not every spreadsheet program makes a row as high as its wrapped text.
            if (lines := max(_lines_of(value) for value in row)) > 1:
                sheet.set_row(at, _LINE * lines)
        for number, column in enumerate(columns):
            _write(sheet, 0, number, column.title, self._header(column.kind))
            sheet.set_column(number, number, _width(column, [row[number] for row in rows]))
            for at, row in enumerate(rows, 1):
                _write(sheet, at, number, _value(column.kind, row[number]), self._styles[column.kind])
            if total is not None:
                _write(sheet, len(rows) + 1, number, total[number], self._totals[column.kind])
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
            # A bot may be called 123; Excel would mark it as a mistake.
            sheet.ignore_errors({"number_stored_as_text": f"A1:A{len(rows) + 2}"})

    def written(self) -> bytes:
        """The workbook's bytes; nothing can be added afterwards."""
        self._book.close()
        return self._file.getvalue()

    def _sheet(self, name: str) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        sheet.set_paper(_A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        sheet.set_footer(f"&L{self._footer}&C&A&R&P / &N")
        return sheet

    def _header(self, kind: Kind) -> Format:
        align = "left" if kind in ("text", "date") else "right"
        indent = 1 if kind == "text" else 0
        return self._style(bold=True, font_color="white", bg_color=ACCENT, align=align, indent=indent)

    def _cell_style(self, kind: Kind, **more: object) -> Format:
        """Text keeps its line breaks, and stays text when its cell is edited (the quote prefix)."""
        text = {"text_wrap": True, "quote_prefix": True, "indent": 1} if kind == "text" else {}
        align = "left" if kind in ("text", "date") else "right"
        return self._style(num_format=_NUMBER_FORMATS[kind], align=align, valign="top", **text, **more)

    def _style(self, **properties: object) -> Format:
        return self._book.add_format(properties)


def _value(kind: Kind, value: Value) -> Value | datetime:
    if kind == "date" and isinstance(value, str) and value >= _OLDEST:
        return datetime.fromisoformat(value)
    return value


def _width(column: Column, values: Sequence[Value]) -> int:
    """The column's width in characters: its longest line, within limits. Shares are short, whatever their digits."""
    texts = [column.title, *(str(value) for value in values if column.kind != "share")]
    widest = max(len(line) for text in texts for line in text.splitlines() or [""])
    return min(max(widest + 3, _NARROW), _WIDE)


def _lines_of(value: Value) -> int:
    """How many lines a cell needs in the widest column."""
    return sum(-(-len(line) // _WIDE) or 1 for line in value.splitlines()) if isinstance(value, str) else 1


def _write(sheet: Worksheet, row: int, column: int, value: Value | datetime, style: Format) -> None:
    """Write one cell by its type. `Worksheet.write` would take some texts for formulas, links or numbers."""
    match value:
        case None:
            sheet.write_blank(row, column, None, style)
        case str() if value.startswith("<r>") and value.endswith("</r>"):
            # XlsxWriter takes such a string for markup of its own, and would write it into the file as it is. In
            # pieces (it wants three at least) it is escaped, and reads the same.
            sheet.write_rich_string(row, column, value[:1], value[1:2], value[2:], style)
        case str():
            sheet.write_string(row, column, value, style)
        case datetime():
            sheet.write_datetime(row, column, value, style)
        case _:
            sheet.write_number(row, column, value, style)
