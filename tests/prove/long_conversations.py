"""Proof: no conversation of as many facts as one takes keeps the event loop for longer than 250 ms, whatever is in it.

    python -m tests.prove.long_conversations

Each is read, gets a fact that stands before the others, ends for silence, is archived, gets an addendum, and is
forgotten. What is computed of all its facts is computed in a thread, so the time for which nothing else has a turn
counts.
"""

import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from shared.aside import Aside
from shared.conversations.fullness import MOST_FACTS
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.pipeline import Pipeline
from shared.wire import replace
from tests.builders import changed, contoso, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.prove.event_loop import LIMIT, kept_by

KEPT = "steps of long conversations that kept the event loop for longer than 250 ms"
_DAY = timedelta(days=1)
Shape = Callable[[int], Event]
"""Makes a conversation's fact of a number."""


def _at(number: int, apart: float = 0.05) -> str:
    return format_time(NOW - timedelta(hours=20) + timedelta(seconds=apart * number))


def lines_in_turn(number: int) -> Event:
    """A line of the customer, then one of the bot."""
    return message(at=_at(number), event_id=f"m{number}", role=("customer", "bot")[number % 2])


def _agents(number: int) -> Event:
    return message(at=_at(number), event_id=f"m{number}", role="agent", author_id=("ana", "ben")[number % 2])


def _changes(number: int) -> Event:
    line = number // 2
    if number % 2:
        return changed(f"m{line}", at=_at(number), event_id=f"c{number}", text="other")
    return message(at=_at(number), event_id=f"m{line}")


SHAPES: Mapping[str, Shape] = {
    "a customer's lines": lambda n: message(at=_at(n), event_id=f"m{n}"),
    "lines in turn": lines_in_turn,
    "lines in turn, with silences": lambda n: replace(lines_in_turn(n), time=_at(n, 6.0 if n % 100 else 5.0)),
    "agents in turn": _agents,
    "changed lines": _changes,
    "escalations": lambda n: escalated(at=_at(n), event_id=f"e{n}"),
    "escalations with variables": lambda n: escalated(
        at=_at(n), event_id=f"e{n}", context_variables={f"V{n % 400}": f"{n}"}
    ),
}


@dataclass(frozen=True)
class Figures:
    """For how long a step kept the event loop, in seconds."""

    shape: str
    step: str
    kept: float


def _computing(aside: Aside, pipeline: Pipeline) -> Pipeline:
    """The pipeline, in which `aside` computes what is computed of all facts."""
    timers = pipeline.deliveries.timers
    recorder = replace(pipeline.deliveries.recorder, aside=aside)
    archiver = replace(timers.archiver, aside=aside)
    timers = replace(timers, recorder=recorder, archiver=archiver, aside=aside)
    deliveries = replace(pipeline.deliveries, recorder=recorder, timers=timers)
    return replace(pipeline, deliveries=deliveries, conversations=replace(pipeline.conversations, aside=aside))


def computed_by(aside: Aside) -> InMemory:
    """A pipeline in memory in which `aside` computes what is computed of all facts."""
    return InMemory(rewired=partial(_computing, aside))


async def grown(pipeline: InMemory, shape: Shape, facts: int) -> None:
    """Record the start, and so many facts of the shape."""
    await pipeline.record(started(at=_at(-1)))
    for first in range(0, facts, 200):
        numbers = range(first, min(first + 200, facts))
        await asyncio.gather(*(pipeline.record(shape(number)) for number in numbers))


def steps(pipeline: InMemory, retention: timedelta) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """What happens to a conversation, one after the other."""

    async def later(step: timedelta) -> None:
        pipeline.clock.advance(step)
        await pipeline.sweep.run()
        await pipeline.drain()

    async def late_line() -> None:
        await pipeline.record(message(at=_at(-1, 10), event_id="late", role="bot"))

    return {
        "read": lambda: pipeline.reading.one("contoso", "c1"),
        "routing": lambda: pipeline.reading.decisions("contoso", "c1"),
        "transcript": lambda: pipeline.reading.transcript("contoso", "c1", "agent"),
        "a fact before all others": lambda: pipeline.record(escalated(at=_at(-1, 5), event_id="early")),
        "the end": lambda: later(31 * _DAY),
        "archived": lambda: later(2 * _DAY),
        "a late line": late_line,
        "an addendum": lambda: later(2 * _DAY),
        "forgotten": lambda: later(retention + _DAY),
    }


async def measured(name: str, facts: int = MOST_FACTS - 100, aside: type[Aside] = Aside) -> list[Figures]:
    """The figures of one conversation's steps."""
    pipeline = await computed_by(aside()).configured()
    await grown(pipeline, SHAPES[name], facts)
    retention = timedelta(days=contoso().retention_days)
    return [Figures(name, step, (await kept_by(act()))[1]) for step, act in steps(pipeline, retention).items()]


def kept(figures: list[Figures]) -> int:
    """How many of them kept the event loop for too long."""
    return sum(one.kept > LIMIT for one in figures)


def main() -> int:
    """Print the figures; 0 if no step kept the loop for too long."""
    logging.disable()
    # As the host does: a collection of all that is loaded would be measured, too.
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    figures = [one for name in SHAPES for one in asyncio.run(measured(name))]
    slow = max(figures, key=lambda one: one.kept)
    print(
        f"long conversations: {len(SHAPES)} of {MOST_FACTS} facts, {len(figures)} steps: {kept(figures)} {KEPT} "
        f"(at most {1000 * slow.kept:.0f} ms, {slow.shape}: {slow.step})"
    )
    return int(kept(figures) > 0)


if __name__ == "__main__":
    sys.exit(main())
