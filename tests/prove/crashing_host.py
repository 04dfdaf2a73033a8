"""The local host, killed at a named crash point: before or after the n-th write of one kind is on the disk.

    python -m tests.prove.crashing_host DATABASE CLOCK WRITE MOMENT NUMBER

Every step that stores something goes through `Database.write`; a write is named after the function that calls it, such
as `EmbeddedConversations.append`. MOMENT is `before` or `after`.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from local.host import listen, load_local_settings, run_embedded
from shared.bootstrap import embedded_on
from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.events.envelope import parse_time

T = TypeVar("T")


class CrashingDatabase(Database):
    """A database whose process dies at one of its writes."""

    def __init__(self, path: Path, write: str, moment: str, number: int) -> None:
        super().__init__(path)
        self._crash = (write, moment)
        self._left = number

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        name = work.__qualname__.split(".<locals>")[0]
        self._crash_at(name, "before")
        result = await super().write(work)
        self._crash_at(name, "after")
        return result

    def _crash_at(self, name: str, moment: str) -> None:
        if (name, moment) == self._crash:
            self._left -= 1
            if self._left == 0:
                os._exit(9)


async def main(path: str, clock: str, write: str, moment: str, number: str) -> None:
    load_local_settings()
    database = CrashingDatabase(Path(path), write, moment, int(number))
    await run_embedded(embedded_on(database, MovableClock(parse_time(clock)), open_to_all=True), listen(0))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
