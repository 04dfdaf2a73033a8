"""Tables as CSV (RFC 4180): UTF-8, a header, lines that end in CR LF, quotes where they are needed."""

import csv
import io
from collections.abc import Iterable
from itertools import chain

from shared.usage.render.neutralise import neutralised

Cell = str | int | None
"""None is an empty field."""


def csv_table(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    """The table with its header."""
    return csv_rows(chain([header], rows))


def csv_rows(rows: Iterable[Iterable[Cell]]) -> str:
    """The rows, their texts neutralised. Numbers stay numbers, also negative ones."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([neutralised(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()
