"""Celery with Redis as its broker: a task is acknowledged after its work.

`BENCH_QUEUE` is Redis's address, `BENCH_STATE` a file of SQLite or
PostgreSQL's address.
"""

import os
from collections.abc import Sequence
from functools import cache

from celery import Celery

from tests.bench.peers import work

app = Celery("bench", broker=os.environ["BENCH_QUEUE"])
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=16)


@cache
def _state() -> work.Statements:
    return work.open_state(os.environ["BENCH_STATE"])


@app.task  # type: ignore[untyped-decorator]  # it is installed in the peers' environment
def record(body: str) -> None:
    work.record(_state(), body)


def publish(lines: Sequence[str]) -> None:
    """Put each line into the queue as a task."""
    for line in lines:
        record.delay(line)
