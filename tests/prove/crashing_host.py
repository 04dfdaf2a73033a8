"""The local host, killed at a named crash point: before, within or after the n-th write of one kind.

    python -m tests.prove.crashing_host DATABASE CLOCK FAULT [WRITE MOMENT NUMBER]

FAULT is what of `tests/prove/faulty.py` the host has in the place of the real part, or `none`.
Every step that leaves something behind goes through `Database.write`; a write is named by the function that asks for
it, such as `EmbeddedConversations.append`. MOMENT is `before`; `within`, when all is written but not committed; or
`after`, when it is on the disk.

On one machine the commit itself performs effects. Where a crash point or a fault is of what performs them after the
commit, the host has a store that leaves them to it, as other stores do.
"""

import os
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import stamina.instrumentation

from local.host import listen, load_local_settings, run_embedded, run_loop
from shared.bootstrap import EmbeddedPipeline, embedded_on
from shared.clock import Clock, MovableClock, SystemClock
from shared.effects.dispatcher import Dispatcher
from shared.embedded.bus import EmbeddedBus
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.embedded.wiring import adapters_on, bus_on
from shared.events.envelope import parse_time
from shared.pipeline import assembled
from tests.prove import faulty

T = TypeVar("T")

AFTER_COMMITS = ("EmbeddedConversations.save_head", "EmbeddedLedger._put")
"""Writes that are rarely asked for by a host whose commits perform effects."""


class CrashingDatabase(Database):
    """A database whose process dies at one of its writes."""

    def __init__(self, path: Path, write: str, moment: str, number: int) -> None:
        super().__init__(path)
        self._crash = (write, moment)
        self._left = number

    async def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        noted: Callable[[T | Exception], None] | None = None,
        *,
        forgets: bool = False,
    ) -> T:
        name = work.__qualname__.split(".<locals>")[0]

        def crashing(connection: sqlite3.Connection) -> T:
            written = work(connection)
            self._crash_at(name, "within")
            return written

        self._crash_at(name, "before")
        result = await super().write(crashing, noted, forgets=forgets)
        self._crash_at(name, "after")
        return result

    def _crash_at(self, name: str, moment: str) -> None:
        if (name, moment) == self._crash:
            self._left -= 1
            if self._left == 0:
                os._exit(9)


def altered_on(
    database: Database, clock: Clock, fault: faulty.Fault | None, *, after_commits: bool
) -> EmbeddedPipeline:
    """A pipeline with the fault in the place of the real part. `after_commits`: no commit performs effects."""
    # As `embedded_on`: retries are ordinary, and not told.
    stamina.instrumentation.set_on_retry_hooks(())
    bus = fault(database, SystemClock()) if fault and issubclass(fault, EmbeddedBus) else bus_on(database)
    adapters = adapters_on(database, bus, clock)
    if after_commits or (fault and issubclass(fault, (EmbeddedLedger, Dispatcher))):
        adapters = replace(adapters, conversations=EmbeddedConversations(database))
    if fault and issubclass(fault, EmbeddedConversations):
        adapters = replace(adapters, conversations=fault(database))
    if fault and issubclass(fault, EmbeddedLedger):
        adapters = replace(adapters, ledger=fault(database))
    wired = assembled(adapters, clock, open_to_all=True)
    if fault and issubclass(fault, Dispatcher):
        recorder = wired.deliveries.recorder
        recorder = replace(recorder, effects=fault(**vars(recorder.effects)))
        wired = replace(wired, deliveries=replace(wired.deliveries, recorder=recorder))
    return EmbeddedPipeline(**vars(wired), bus=bus, database=database)


async def main(path: str, clock: str, fault: str, write: str = "", moment: str = "", number: str = "") -> None:
    load_local_settings()
    movable, file = MovableClock(parse_time(clock)), Path(path)
    database = CrashingDatabase(file, write, moment, int(number)) if write else Database(file)
    after_commits = write in AFTER_COMMITS
    if fault == "none" and not after_commits:
        pipeline = embedded_on(database, movable, open_to_all=True)
    else:
        own = None if fault == "none" else getattr(faulty, fault)
        pipeline = altered_on(database, movable, own, after_commits=after_commits)
    await run_embedded(pipeline, listen(0))


if __name__ == "__main__":
    run_loop(main(*sys.argv[1:]))
