"""Events a second, CPU and memory of Patchbay's host and of its peers, in rounds in which all take turns."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import loads, peer, servers
from tests.bench.figures import Throughput
from tests.bench.processes import PEERS
from tests.bench.samples import Sample

PATCHBAY, HUEY, HUEY_HTTP = "Patchbay", "Huey", "Huey behind Starlette"
BACKLOG, BATCHES, SINGLY, IN_ORDER = "backlog", "batches of 100", "singly", "12 lines in order"
LIMIT = "one transaction, 16 a commit"
SHORT, LONG = "backlog, 4 lines", "backlog, 200 lines"


@dataclass(frozen=True)
class Contest:
    """One system under one load: how it is run for a number of conversations, and the program without which it is not.

    It gets `share` times a run's conversations: fewer where they are long, more where they take no time.
    """

    system: str
    load: str
    run: Callable[[Path, int], Sample]
    needs: str | Path | None = None
    share: float = 1.0


_PEER = PEERS / "python"
CONTESTS = (
    Contest(PATCHBAY, BACKLOG, loads.backlog),
    Contest(HUEY, BACKLOG, peer.huey, _PEER),
    Contest(PATCHBAY, BATCHES, loads.in_batches),
    Contest("Celery: Redis, state on SQLite", BACKLOG, partial(peer.celery, on_postgres=False), "redis-server"),
    Contest(PATCHBAY, SINGLY, loads.singly),
    Contest(HUEY_HTTP, SINGLY, peer.huey_over_http, _PEER),
    Contest(PATCHBAY, IN_ORDER, partial(loads.in_order, lines=12), share=0.3),
    Contest("one transaction, 1 a commit", BACKLOG, partial(peer.one_transaction, per_commit=1), _PEER),
    Contest(LIMIT, BACKLOG, partial(peer.one_transaction, per_commit=16), _PEER, 4),
    Contest(PATCHBAY, SHORT, partial(loads.backlog, lines=4), share=0.34),
    Contest("Celery: Redis, state on PostgreSQL", BACKLOG, partial(peer.celery, on_postgres=True), "postgres"),
    Contest(PATCHBAY, LONG, partial(loads.backlog, lines=200), share=0.01),
)


def measure(conversations: int, rounds: int, tell: Callable[[str], None]) -> list[Throughput]:
    """Measure each contest once in every round."""
    installed = {contest: _is_installed(contest) for contest in CONTESTS}
    samples: Mapping[Contest, list[Sample]] = {contest: [] for contest in CONTESTS}
    for number in range(rounds):
        for contest in (each for each, found in installed.items() if found):
            with tempfile.TemporaryDirectory() as folder:
                sample = contest.run(Path(folder), max(2, round(conversations * contest.share)))
            samples[contest].append(sample)
            rate, cpu = sample.events / sample.seconds, sample.cpu / sample.events * 1e6
            tell(f"round {number + 1}: {contest.system}, {contest.load}: {rate:,.0f} events/s, {cpu:,.0f} µs an event")
    return [_row(contest, samples[contest]) for contest in CONTESTS]


def _is_installed(contest: Contest) -> bool:
    if not PEERS.exists() and contest.system != PATCHBAY:
        return False
    match contest.needs:
        case None:
            return True
        case Path() as program:
            return program.exists()
        case program:
            return servers.find("redis-server") is not None and servers.find(program) is not None


def _row(contest: Contest, samples: list[Sample]) -> Throughput:
    return Throughput(
        system=contest.system,
        load=contest.load,
        events=samples[0].events if samples else 0,
        rates=tuple(round(each.events / each.seconds, 1) for each in samples),
        cpu=tuple(round(each.cpu / each.events * 1e6, 1) for each in samples),
        resident=tuple(each.memory.resident for each in samples),
        proportional=tuple(each.memory.proportional for each in samples),
    )
