"""The charts of docs/performance.md, as SVG with nothing in it that changes from run to run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = ("#0b57d0", "#b3261e", "#146c2e", "#8e5300", "#7b1fa2", "#00677d", "#5f6368", "#c2185b")
_LEFT, _RIGHT, _TOP = 300, 640, 44
_ROW = 26
"""Pixels of a bar with the space below it."""
_HIGH = 300
"""Pixels of the plot of lines."""


@dataclass(frozen=True)
class Bar:
    """A bar with the values of all rounds. `own` ones are ours."""

    name: str
    values: Sequence[float]
    own: bool


@dataclass(frozen=True)
class Line:
    """A line through points (size, value), both greater than 0."""

    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, shown: Sequence[Bar]) -> str:
    """Horizontal bars as long as the median, each with a mark from the least to the greatest value."""
    greatest = max(max(bar.values) for bar in shown)

    def along(value: float) -> str:
        return f"{_LEFT + value / greatest * (_RIGHT - _LEFT):.1f}"

    drawn = [
        {
            "name": bar.name,
            "y": _TOP + number * _ROW,
            "width": f"{float(along(median(bar.values))) - _LEFT:.1f}",
            "least": along(min(bar.values)),
            "greatest": along(max(bar.values)),
            "value": f"{median(bar.values):,.0f}",
            "colour": _COLOURS[0] if bar.own else _COLOURS[6],
        }
        for number, bar in enumerate(shown)
    ]
    return _rendered("bars.svg", title=title, bars=drawn, left=_LEFT, right=_RIGHT, height=_TOP + len(shown) * _ROW + 8)


def lines(title: str, shown: Sequence[Line]) -> str:
    """Lines on two logarithmic axes, each from a power of ten to a power of ten."""
    sizes = [size for line in shown for size, _ in line.points]
    values = [value for line in shown for _, value in line.points]
    across, up = _decades(sizes), _decades(values)

    def place(size: float, value: float) -> tuple[str, str]:
        x = 70 + (math.log10(size) - across[0]) / (across[-1] - across[0]) * (_RIGHT - 70)
        y = _TOP + _HIGH - (math.log10(value) - up[0]) / (up[-1] - up[0]) * _HIGH
        return f"{x:.1f}", f"{y:.1f}"

    drawn = [
        {
            "name": line.name,
            "colour": _COLOURS[number % len(_COLOURS)],
            "points": " ".join(",".join(place(*point)) for point in line.points),
            "dots": [place(*point) for point in line.points],
            "y": _TOP + _HIGH + 50 + number * 18,
        }
        for number, line in enumerate(shown)
    ]
    return _rendered(
        "lines.svg",
        title=title,
        lines=drawn,
        columns=[(place(10**power, 10 ** up[0])[0], f"{10**power:,}") for power in across],
        rows=[(place(10 ** across[0], 10**power)[1], f"{10**power:,}") for power in up],
        right=_RIGHT,
        top=_TOP,
        bottom=_TOP + _HIGH,
        height=_TOP + _HIGH + 50 + len(shown) * 18,
    )


def _decades(values: Sequence[float]) -> range:
    """The powers of ten around the values."""
    return range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)


def _rendered(template: str, **values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
