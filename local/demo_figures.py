"""Prints the demonstration's figures beside those of the independent count, with what each of them means."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from itertools import starmap

from rich.console import Console
from rich.table import Table

from local.independent_count.figures import Figures

ROWS: Mapping[str, str] = {
    "lines": "lines in transcripts",
    "earlier": "changes of lines",
    "continues": "part of a session",
    "texts": "hash of all lines",
}
"""What a figure is called where its own name does not say it."""

_USAGE = """\
1 Nov: sessions as read on 1 November, before late events corrected them
sessions, expected: the pipeline's, and the independent count's
no bot, assist: what does not count: no bot took part, or one only assisted
entitled, overage: the pool of the month, and the sessions beyond it"""
_YEAR_END = """\
due: what late events changed in December, rated with December's own pool
invoiced, add-ons: January's own overage and what is due, and the add-ons for it"""
_OTHERS = """\
active, open, closed: where conversations stood on 2 November, and why they closed
attention: what a supervisor should see: on whose answer a customer waits
part of a session: begun where the one before would have gone on, so not counted
parked: events that were accepted, and can never be recorded
refused: what was answered with an error
hash of all lines: differs if one accent is lost, also in what was changed"""


def compare(found: Figures, expected: Figures, console: Console) -> bool:
    """Print the figures found beside those expected. True if all are equal."""
    tenants = sorted({tenant for tenant, _ in expected.usage})
    console.print(_usage_table(found, expected))
    console.print(_USAGE, highlight=False, style="dim")
    console.print(_year_end_table(found, expected))
    console.print(_YEAR_END, highlight=False, style="dim")
    console.print(_others_table(found, expected, tenants))
    console.print(_OTHERS, highlight=False, style="dim")
    for (tenant, name), cell in _elsewhere(found, expected, tenants):
        console.print(f"{tenant}, which is no tenant: {name}: {cell}", highlight=False)
    ok = found == expected
    verdict = "All figures equal" if ok else "Figures differ (≠) from"
    console.print(f"\n{verdict} a count made straight from the posts.")
    return ok


def _usage_table(found: Figures, expected: Figures) -> Table:
    """The bot sessions, with those before the corrections, and the conversations that do not count."""
    columns = ("tenant", "month", "1 Nov", "sessions", "expected", "no bot", "assist", "entitled", "overage")
    table = _table("Bot sessions", columns)
    for key, usage in expected.usage.items():
        real = found.usage[key]
        before = _cell(found.first_read[key], expected.first_read[key])
        sessions = (str(real.sessions), str(usage.sessions))
        rest = zip(astuple(real)[1:], astuple(usage)[1:], strict=True)
        table.add_row(*key, before, *sessions, *starmap(_cell, rest), style=None if real == usage else "red")
    return table


def _year_end_table(found: Figures, expected: Figures) -> Table:
    """December, which is closed, and January, in which late events of December arrived."""
    columns = ("tenant", "month", "sessions", "entitled", "overage", "due", "invoiced", "add-ons")
    table = _table("Late events of December", columns)
    for key, settled in expected.year_end.items():
        figures = zip(astuple(found.year_end[key]), astuple(settled), strict=True)
        table.add_row(*key, *starmap(_cell, figures))
    return table


def _others_table(found: Figures, expected: Figures, tenants: Sequence[str]) -> Table:
    """All other figures of these tenants."""
    table = _table("Conversations and events", ("", *tenants))
    for name in sorted({name for tenant, name in _keys(found, expected) if tenant in tenants}):
        keys = [(tenant, name) for tenant in tenants]
        table.add_row(ROWS.get(name, name), *(_both(found, expected, key) for key in keys))
    return table


def _elsewhere(found: Figures, expected: Figures, tenants: Sequence[str]) -> list[tuple[tuple[str, str], str]]:
    """The figures of names that are no tenants', as somebody's mistake has them."""
    keys = sorted(key for key in _keys(found, expected) if key[0] not in tenants)
    return [(key, _both(found, expected, key)) for key in keys]


def _keys(found: Figures, expected: Figures) -> set[tuple[str, str]]:
    return {*found.others, *expected.others}


def _both(found: Figures, expected: Figures, key: tuple[str, str]) -> str:
    return _cell(found.others.get(key, ""), expected.others.get(key, ""))


def _table(title: str, columns: Sequence[str]) -> Table:
    """A table that fits into 80 columns."""
    table = Table(*columns, title=f"\n{title}", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.title_justify, table.title_style = "left", "bold"
    return table


def _cell(found: int | str, expected: int | str) -> str:
    """The figure found, with the expected one beside it if they differ."""
    return str(found) if found == expected else f"[red]{found} ≠ {expected}[/red]"
