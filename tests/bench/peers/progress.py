"""Tells from outside how far a peer is: prints the number of events with the first of them, and with the last.

    python -m tests.bench.peers.progress EVENTS

`BENCH_STATE` names the state's database.
"""

import os
import sqlite3
import sys
import time

from tests.bench.peers import work

_PAUSE, _POSTGRES_PAUSE = 0.005, 0.05
"""Seconds; to count costs PostgreSQL's own processes something."""


def counted(state: work.Statements) -> int:
    """The number of events that are stored."""
    return int(state.execute("SELECT count(*) FROM markers").fetchone()[0])


def watch(state: work.Statements, events: int) -> None:
    """Wait for the first event and for the last."""
    pause = _PAUSE if isinstance(state, sqlite3.Connection) else _POSTGRES_PAUSE
    for enough in (1, events):
        while (found := counted(state)) < enough:
            time.sleep(pause)
        print(found, flush=True)


if __name__ == "__main__":
    watch(work.open_state(os.environ["BENCH_STATE"]), int(sys.argv[1]))
