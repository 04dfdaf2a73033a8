"""The chart of a month's days: a bar for each day, lines for running totals."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart

ACCENT, LIGHT, GREY, WARNING = "#1F4E79", "#DCE6F1", "#595959", "#C55A11"


@dataclass(frozen=True)
class Timeline:
    """The columns to draw from a sheet of days: `bars` and `lines` (two), against the first column."""

    sheet: str
    days: int
    bars: int
    lines: Sequence[int]


def timeline(book: Workbook, drawn: Timeline) -> Chart:
    """The chart. Bars have the left scale, lines the right one: a running total soon dwarfs each day."""
    bars = _chart(book, "column")
    bars.add_series({**_series(drawn, drawn.bars), "fill": {"color": ACCENT}, "gap": 40})
    lines = _chart(book, "line")
    for column, color, dash in zip(drawn.lines, (WARNING, GREY), ("solid", "dash"), strict=True):
        line = {"color": color, "width": 2, "dash_type": dash}
        lines.add_series({**_series(drawn, column), "y2_axis": True, "line": line})
    bars.combine(lines)
    bars.set_title({"name": "Sessions by day", "name_font": {"size": 12, "color": ACCENT}})
    bars.set_x_axis({"num_format": "d", "text_axis": True, "num_font": {"size": 8}})
    bars.set_y_axis({"name": "On the day", "min": 0, "major_gridlines": {"visible": True, "line": {"color": LIGHT}}})
    lines.set_y2_axis({"name": "Since the first day", "min": 0})
    bars.set_legend({"position": "bottom"})
    bars.set_size({"width": 760, "height": 380})
    return bars


def _chart(book: Workbook, kind: str) -> Chart:
    chart = book.add_chart({"type": kind})
    assert chart is not None  # it is None for kinds that do not exist
    return chart


def _series(drawn: Timeline, column: int) -> dict[str, object]:
    return {
        "name": [drawn.sheet, 0, column],
        "categories": [drawn.sheet, 1, 0, drawn.days, 0],
        "values": [drawn.sheet, 1, column, drawn.days, column],
    }
