"""The benchmark: Patchbay's local host beside its peers, and how its costs grow.

    python -m tests.bench [throughput | visibility | growth | components ...] [--rounds N] [--minute]

Without a part all are measured. The figures are kept in docs/performance/figures.json, and the page is written anew.
"""

import signal
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated

import typer

from tests.bench import components, figures, growth, growth_of_history, page, throughput, visibility
from tests.bench.figures import ComponentPart, Growth, GrowthPart, Measured, Performance, ThroughputPart, VisibilityPart

_CONVERSATIONS = 1_000
_SECONDS, _MINUTE = 15, 60
_MOST_ROUNDS_OF_GROWTH = 3
PARTS = ("throughput", "visibility", "growth", "components")


def run(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join(PARTS)}; all, if none is named.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often all take turns.")] = 5,
    conversations: Annotated[int, typer.Option(min=200, help="Conversations of four events.")] = _CONVERSATIONS,
    *,
    minute: Annotated[bool, typer.Option(help="Look for a minute at each rate.")] = False,
) -> None:
    """Measure the parts, keep the figures, and write the page."""
    # The programs that are being measured end with this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if unknown := set(parts or ()) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(sorted(unknown))}")
    how = figures.measured(" ".join(["python -m tests.bench", *sys.argv[1:]]))
    for part in parts or PARTS:
        began = time.monotonic()
        print(f"{part}:")
        kept = figures.load()
        # Kept part by part, so that an interrupted run leaves what it has measured.
        figures.save(_with(kept, part, how, rounds, conversations, _MINUTE if minute else _SECONDS))
        page.main()
        print(f"{part} took {time.monotonic() - began:,.0f} s")


def _with(kept: Performance, part: str, how: Measured, rounds: int, conversations: int, seconds: int) -> Performance:
    """The figures with one part measured anew."""
    match part:
        case "throughput":
            found = throughput.measure(conversations, rounds, print)
            return kept.model_copy(update={part: ThroughputPart(measured=how, rows=tuple(found))})
        case "visibility":
            looked = visibility.measure(seconds, print)
            return kept.model_copy(update={part: VisibilityPart(measured=how, rows=tuple(looked))})
        case "growth":
            turns = min(rounds, _MOST_ROUNDS_OF_GROWTH)
            grown = _told(chain(growth.measure(turns), growth_of_history.measure()))
            return kept.model_copy(update={part: GrowthPart(measured=how, rows=tuple(grown))})
        case _:
            profiled = components.measure(conversations)
            return kept.model_copy(update={part: ComponentPart(measured=how, rows=tuple(profiled))})


def _told(rows: Iterable[Growth]) -> Iterator[Growth]:
    """The rows, each printed when it is there."""
    for row in rows:
        costs = ", ".join(f"{size:,}: {page.ranged(cpu)}" for size, cpu in zip(row.sizes, row.cpu, strict=True))
        print(f"{row.name}, by {row.grows}: {costs} µs")
        yield row


if __name__ == "__main__":
    typer.run(run)
