"""Huey on SQLite: a queue in one file, the state in another.

`BENCH_QUEUE` and `BENCH_STATE` name the files of SQLite.
"""

import os
from collections.abc import Sequence
from functools import cache

from huey import SqliteHuey

from tests.bench.peers import work

huey = SqliteHuey(filename=os.environ["BENCH_QUEUE"], fsync=True, results=False)


@cache
def _state() -> work.Statements:
    return work.open_state(os.environ["BENCH_STATE"])


@huey.task()  # type: ignore[untyped-decorator]  # it is installed in the peers' environment
def record(body: str) -> None:
    work.record(_state(), body)


def publish(lines: Sequence[str]) -> None:
    """Put each line into the queue as a task."""
    for line in lines:
        record(line)
