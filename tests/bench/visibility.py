"""How long after its acceptance an event can be read, at rates of requests that the host does not slow down."""

import asyncio
import contextlib
import json
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from statistics import quantiles

from shared.conversations.fact import fact_id
from shared.events.conversation_key import conversation_key
from tests.bench.figures import Visibility
from tests.bench.http_load import Answered, post_all, post_on_time
from tests.bench.lifecycle import TENANT, batch, conversations, mixed
from tests.bench.patchbay import ACCEPTED, BATCH, ONE_EVENT, host, pipeline_on

RATES = (100, 300, 500, 1_000)
LOADS = {"singly": 1, "batches of 10": 10}
_LOOKS_EVERY = 0.004
_LOOKS_AT = 32
"""Events of each type that are looked for at once, in the order in which they were accepted."""
WAITS = 5.0
"""Seconds after the last answer in which the last events may become visible."""

Place = tuple[str, str, str]
"""An event's type, and where its fact is to be found: the conversation's key and the fact's id."""


@dataclass
class Watch:
    """Looks for accepted events in the store, by a connection of its own that only reads."""

    reader: Connection
    _pending: dict[str, deque[tuple[float, Place]]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    def accepted(self, places: Sequence[Place], at: float) -> None:
        """From now on look for these."""
        for place in places:
            self._pending.setdefault(place[0], deque()).append((at, place))

    @property
    def pending(self) -> int:
        """The number of accepted events that are not visible yet."""
        return sum(map(len, self._pending.values()))

    def look(self, now: float) -> None:
        """Note the time of each event that has become visible."""
        for waiting in self._pending.values():
            first = [waiting.popleft() for _ in range(min(_LOOKS_AT, len(waiting)))]
            visible = [self._is_visible(place) for _, place in first]
            self.latencies += [now - at for (at, _), seen in zip(first, visible, strict=True) if seen]
            hidden = [one for one, seen in zip(first, visible, strict=True) if not seen]
            waiting.extendleft(reversed(hidden))

    def _is_visible(self, place: Place) -> bool:
        sql = "SELECT 1 FROM facts WHERE tenant_id = ? AND key = ? AND fact_id = ?"
        return self.reader.execute(sql, (TENANT, *place[1:])).fetchone() is not None

    def give_up(self, now: float) -> int:
        """Count events that are still invisible with the time that they waited until now. Returns how many they are."""
        left = [at for waiting in self._pending.values() for at, _ in waiting]
        self.latencies += [now - at for at in left]
        self._pending.clear()
        return len(left)


def measure(seconds: int, tell: Callable[[str], None]) -> list[Visibility]:
    """Measure each load at each rate, on a new database each time."""
    rows = []
    for load, size in LOADS.items():
        for rate in RATES:
            with tempfile.TemporaryDirectory() as folder:
                row = asyncio.run(at_rate(Path(folder), load, size, rate, seconds))
            tell(
                f"{load}, {rate}/s: visible after {row.p50:,.1f} ms (p50), {row.p99:,.1f} ms (p99); "
                f"{row.refused} refused, {row.late} late"
            )
            rows.append(row)
    return rows


async def at_rate(folder: Path, load: str, size: int, rate: int, seconds: int) -> Visibility:
    """Post so many events a second, `size` in a request."""
    file = folder / "patchbay.db"
    async with pipeline_on(file) as pipeline:
        pseudonyms = await pipeline.configurations.pseudonyms(TENANT)

    def place(event: bytes) -> Place:
        told = json.loads(event)
        found = fact_id(pseudonyms, told["subject"], told["source"], told["id"])
        return told["type"], conversation_key(told["subject"]), found

    # Each second's conversations begin, go on and end within that second.
    turns = [mixed(conversations(rate // 4, named=f"c{second}")) for second in range(seconds)]
    requests = [turn[first : first + size] for turn in turns for first in range(0, len(turn), size)]
    places = [[place(event) for event in events] for events in requests]
    with host(file) as running:
        await post_all(running.port, ONE_EVENT, iter(conversations(1, named="warm-up")[0]), 1)
        running.wait_until_idle()
        traffic = _Traffic(Watch(running.reader), places)
        head = ONE_EVENT if size == 1 else BATCH
        bodies = [events[0] if size == 1 else batch(events) for events in requests]
        await traffic.play(running.port, head, bodies, pause=size / rate)
    late = traffic.watch.give_up(asyncio.get_running_loop().time())
    p50, p99 = _percentiles(traffic.watch.latencies)
    answer_p50, answer_p99 = _percentiles(traffic.waits)
    return Visibility(
        load=load,
        rate=rate,
        seconds=seconds,
        accepted=traffic.accepted,
        refused=traffic.refused,
        late=late,
        p50=p50,
        p99=p99,
        answer_p50=answer_p50,
        answer_p99=answer_p99,
    )


@dataclass
class _Traffic:
    """Requests that are posted on time, and what became of their events, which `places` has for each request."""

    watch: Watch
    places: Sequence[Sequence[Place]]
    waits: list[float] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0

    async def play(self, port: int, head: bytes, bodies: Sequence[bytes], pause: float) -> None:
        """Post all bodies, and look for their events until all are visible or the time to wait is over."""
        posting = asyncio.create_task(post_on_time(port, head, bodies, pause, self._answered))
        while not posting.done():
            await self._look()
        await posting
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAITS):
                while self.watch.pending:
                    await self._look()

    async def _look(self) -> None:
        self.watch.look(asyncio.get_running_loop().time())
        await asyncio.sleep(_LOOKS_EVERY)

    def _answered(self, answer: Answered) -> None:
        self.waits.append(answer.at - answer.planned)
        places = self.places[answer.number]
        if answer.status == ACCEPTED:
            self.accepted += len(places)
            self.watch.accepted(places, answer.at)
        else:
            self.refused += len(places)


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    cut = quantiles(seconds, n=100, method="inclusive")
    return round(cut[49] * 1e3, 1), round(cut[98] * 1e3, 1)
