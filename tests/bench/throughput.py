"""Events a second, CPU and memory of Patchbay's host and of its peers, in rounds in which all take turns."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import loads, peer_loads
from tests.bench.figures import Throughput
from tests.bench.processes import peer_program
from tests.bench.samples import Sample

PATCHBAY, HUEY, HUEY_HTTP = "Patchbay", "Huey", "Huey behind Starlette"
BACKLOG, BATCHES, SINGLY, IN_ORDER = "backlog", "batches of 100", "singly", "12 lines in order"
LIMIT = "one transaction, 16 a commit"
SHORT, LONG = "backlog, 4 lines", "backlog, 200 lines"


@dataclass(frozen=True)
class Measurement:
    """One system under one load: how it is run for a number of conversations, and the programs it needs.

    It gets `share` times a run's conversations: fewer where they are long, more where they take no time.
    """

    system: str
    load: str
    run: Callable[[Path, int], Sample]
    needs: tuple[str, ...] = ()
    share: float = 1.0


_PEERS = (peer_program("python"),)
_REDIS = (*_PEERS, "redis-server")
_BOTH_SERVERS = (*_REDIS, "initdb", "postgres")
MEASUREMENTS = (
    Measurement(PATCHBAY, BACKLOG, loads.backlog),
    Measurement(HUEY, BACKLOG, peer_loads.huey, _PEERS),
    Measurement(PATCHBAY, BATCHES, loads.in_batches),
    Measurement("Celery: Redis, state on SQLite", BACKLOG, partial(peer_loads.celery, on_postgres=False), _REDIS),
    Measurement(PATCHBAY, SINGLY, loads.singly),
    Measurement(HUEY_HTTP, SINGLY, peer_loads.huey_over_http, _PEERS),
    Measurement(PATCHBAY, IN_ORDER, partial(loads.in_order, lines=12), share=0.3),
    Measurement("one transaction, 1 a commit", BACKLOG, partial(peer_loads.one_transaction, per_commit=1), _PEERS),
    Measurement(LIMIT, BACKLOG, partial(peer_loads.one_transaction, per_commit=16), _PEERS, share=4),
    Measurement(PATCHBAY, SHORT, partial(loads.backlog, lines=4), share=0.34),
    Measurement(
        "Celery: Redis, state on PostgreSQL", BACKLOG, partial(peer_loads.celery, on_postgres=True), _BOTH_SERVERS
    ),
    Measurement(PATCHBAY, LONG, partial(loads.backlog, lines=200), share=0.01),
)


def measure(conversations: int, rounds: int, tell: Callable[[str], None]) -> list[Throughput]:
    """Measure all that is installed once in every round."""
    installed = [one for one in MEASUREMENTS if all(map(shutil.which, one.needs))]
    samples: Mapping[Measurement, list[Sample]] = {one: [] for one in MEASUREMENTS}
    for number in range(rounds):
        for one in installed:
            with tempfile.TemporaryDirectory() as folder:
                sample = one.run(Path(folder), max(2, round(conversations * one.share)))
            samples[one].append(sample)
            rate, cpu = sample.events / sample.seconds, sample.cpu / sample.events * 1e6
            tell(f"round {number + 1}: {one.system}, {one.load}: {rate:,.0f} events/s, {cpu:,.0f} µs an event")
    return [_row(one, each) for one, each in samples.items()]


def _row(one: Measurement, samples: Sequence[Sample]) -> Throughput:
    return Throughput(
        system=one.system,
        load=one.load,
        events=samples[0].events if samples else 0,
        rates=tuple(round(each.events / each.seconds, 1) for each in samples),
        cpu=tuple(round(each.cpu / each.events * 1e6, 1) for each in samples),
        resident=tuple(each.memory.resident for each in samples),
        proportional=tuple(each.memory.proportional for each in samples),
    )
