"""Proof: no configuration of up to 1 MB keeps the event loop for longer than 250 ms, whatever its shape.

    python -m tests.prove.configurations [SEARCHED]

Each is put, told its findings, read again by a process that does not know it, and routes an event. The shapes
(`tests/prove/shapes.py`) are those that took longest before there were bounds, and others: wide, deep, of long lists
and long texts, doubled, misspelt, nearly alike. Each is made in two sizes, and at random. How long the loop is kept is
measured in the processor time of this process, so that others on the machine do not count.
"""

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.embedded.tenants import EmbeddedConfigurations
from shared.errors import InvalidConfiguration
from shared.routing.decide import decide
from shared.routing.decision import Cause
from shared.tenants.bounds import MAX_BYTES
from shared.tenants.configurations import Configurations
from tests.builders import CONFIGURED
from tests.prove.event_loop import LIMIT, kept_by
from tests.prove.shapes import SHAPES

SEARCHED = 100
KEPT = "configurations that kept the event loop for longer than 250 ms"
SIZES = (MAX_BYTES - 1000, 1_000_000)
_CAUSE = Cause(fact_id="f", type="conversation.started", at="2026-10-05T10:00:00Z")
Kind = Callable[[EmbeddedConfigurations, MovableClock], Configurations]


@dataclass(frozen=True)
class Figures:
    """What came of one configuration: the longest time for which the loop was kept, and all time, in CPU seconds."""

    shape: str
    size: int
    accepted: bool
    kept: float
    taken: float


async def _used(configurations: Configurations, again: Configurations, body: bytes) -> bool:
    """Put the body, and use what it became. False if it is refused."""
    try:
        version = await configurations.put("small", body, None)
    except InvalidConfiguration as refused:
        json.dumps([mistake.shown() for mistake in refused.mistakes])
        return False
    found = await configurations.findings("small", version, body)
    json.dumps([finding.shown(place) for finding, place in found])
    latest = (await again.of("small")).latest
    await asyncio.sleep(0)
    for rules in latest.rules.values():
        decide(_CAUSE, rules, {}, (), latest.number)
        await asyncio.sleep(0)
    latest.configuration.to_json()
    return True


async def measured(shape: str, body: bytes, kind: Kind = Configurations) -> Figures:
    """The figures of one configuration."""
    with tempfile.TemporaryDirectory() as folder:
        database, clock, began = Database(Path(folder) / "patchbay.db"), MovableClock(CONFIGURED), time.process_time()
        first, second = (kind(EmbeddedConfigurations(database), clock) for _ in range(2))
        accepted, longest = await kept_by(_used(first, second, body))
        taken = time.process_time() - began
        await database.close()
        return Figures(shape, len(body), accepted, longest, taken)


def bodies(searched: int) -> Iterator[tuple[str, bytes]]:
    """Every shape in each size, and as many at random as are searched."""
    for name, shape in SHAPES.items():
        for size in SIZES:
            yield name, shape(Random(name), size)
    for number in range(searched):
        chance = Random(number)
        name = chance.choice(sorted(SHAPES))
        size = chance.choice((*SIZES, chance.randrange(1000, 1_000_000), chance.randrange(1000, MAX_BYTES)))
        yield f"{name} {number}", SHAPES[name](chance, size)


def kept(figures: list[Figures]) -> int:
    """How many of them kept the event loop for too long."""
    return sum(one.kept > LIMIT for one in figures)


def main(searched: int = SEARCHED) -> int:
    """Print the figures; 0 if no configuration kept the loop for too long."""
    logging.disable()
    figures = [asyncio.run(measured(shape, body)) for shape, body in bodies(searched)]
    slow, long = max(figures, key=lambda one: one.kept), max(figures, key=lambda one: one.taken)
    accepted = sum(one.accepted for one in figures)
    print(
        f"configurations: {len(figures)} of up to 1 MB, {accepted} accepted: {kept(figures)} {KEPT} "
        f"(at most {1000 * slow.kept:.0f} ms, {slow.shape}; in all at most {long.taken:.2f} s of CPU, {long.shape})"
    )
    return int(kept(figures) > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
