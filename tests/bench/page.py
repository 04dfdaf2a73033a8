"""Writes docs/performance.md and its charts from what was measured, docs/performance/figures.json.

    python -m tests.bench.page

The same figures give the same files.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.bench import figures, instructions, throughput, visibility
from tests.bench.charts import Bar, Line, bars, lines
from tests.bench.figures import Growth, Performance, Throughput
from tests.documents import ROOT

PAGE = ROOT / "docs/performance.md"
CHARTS = ROOT / "docs/performance"
_TEMPLATES = Path(__file__).parent / "templates"
_MIB = 2**20


def files(performance: Performance, counts: Mapping[str, Mapping[str, int]]) -> dict[Path, str]:
    """The page and its charts."""
    written: dict[Path, str] = {}
    if compared := _compared(performance):
        written[CHARTS / "throughput.svg"] = bars("Events a second: the median, and the range of all rounds", compared)
    if curves := _curves(performance):
        title = "Microseconds of CPU as something grows, both axes logarithmic"
        written[CHARTS / "growth.svg"] = lines(title, curves)
    written[PAGE] = _page(performance, counts, {file.stem for file in written})
    return written


def _compared(performance: Performance) -> list[Bar]:
    """A bar for each row, but for the limit, beside which all others would be stubs."""
    rows = performance.throughput.rows if performance.throughput else ()
    return [
        Bar(f"{row.system}: {row.load}", row.rates, row.system == throughput.PATCHBAY)
        for row in rows
        if row.rates and row.system != throughput.LIMIT
    ]


def _curves(performance: Performance) -> list[Line]:
    """A line for each cost that was measured at more than two sizes, up to a thousand or more."""
    rows = performance.growth.rows if performance.growth else ()
    return [
        Line(f"{row.name}, by {row.grows}", points)
        for row in rows
        if len(points := _medians(row)) > 2 and points[-1][0] >= 1_000
    ]


def _page(performance: Performance, counts: Mapping[str, Mapping[str, int]], charts: Collection[str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # a Markdown page of our own figures
    )
    environment.filters |= {"ranged": ranged, "whole": _whole, "mebibytes": _mebibytes, "share": _share}
    rows = performance.throughput.rows if performance.throughput else ()
    return environment.get_template("performance.md").render(
        performance=performance,
        ratios=[ratio(row, rows) for row in rows],
        long_to_short=_long_to_short(rows),
        growths=[(row, _times(row)) for row in performance.growth.rows] if performance.growth else [],
        counts=counts,
        charts=charts,
        wait=visibility.WAITS,
    )


def ratio(row: Throughput, rows: Sequence[Throughput]) -> float | None:
    """How many times as many events as Huey does under the same traffic: the median of what each round says.

    Requests one by one are compared with Huey behind a route, all else with Huey's backlog. None where the traffic is
    another, or something is not installed.
    """
    base = (throughput.HUEY_HTTP, throughput.SINGLY) if row.load == throughput.SINGLY else _HUEYS_BACKLOG
    huey = next((each for each in rows if (each.system, each.load) == base), None)
    if huey is None or not huey.rates or not row.rates or row.load not in _SAME_TRAFFIC:
        return None
    return median(ours / theirs for ours, theirs in zip(row.rates, huey.rates, strict=True))


_HUEYS_BACKLOG = (throughput.HUEY, throughput.BACKLOG)
_SAME_TRAFFIC = (throughput.BACKLOG, throughput.BATCHES, throughput.SINGLY)


def _long_to_short(rows: Sequence[Throughput]) -> float | None:
    """How many times the CPU of an event in a backlog of short conversations one of long conversations takes."""
    cpu = {row.load: row.cpu for row in rows if row.cpu}
    if throughput.LONG not in cpu or throughput.SHORT not in cpu:
        return None
    return median(cpu[throughput.LONG]) / median(cpu[throughput.SHORT])


def _medians(row: Growth) -> list[tuple[float, float]]:
    """The points of a curve."""
    return [(size, median(cpu)) for size, cpu in zip(row.sizes, row.cpu, strict=True) if cpu]


def _times(row: Growth) -> float | None:
    """How many times the cost at the smallest size the one at the largest is."""
    points = _medians(row)
    return points[-1][1] / points[0][1] if len(points) > 1 else None


def ranged(values: Sequence[float]) -> str:
    """The median, and the range in brackets where there are several values."""
    if not values:
        return "-"
    lowest, middle, highest = min(values), median(values), max(values)
    return _whole(middle) if lowest == highest else f"{_whole(middle)} ({_whole(lowest)}-{_whole(highest)})"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _mebibytes(values: Sequence[int]) -> str:
    return _whole(max(values) / _MIB)


def _share(value: float, of: float) -> str:
    return f"{value / of:.0%}" if of else "-"


def kept_counts() -> dict[str, dict[str, int]]:
    """The instructions that are kept, by build of Python."""
    return {file.stem: json.loads(file.read_bytes()) for file in sorted(instructions.KEPT.parent.glob("*.json"))}


def main() -> None:
    """Write the page and its charts."""
    for file, text in files(figures.load(), kept_counts()).items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
