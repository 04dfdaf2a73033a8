"""The peers under the same traffic: Huey, Celery, and a queue whose messages leave it in the event's transaction."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench import servers
from tests.bench.http_load import post_all, request_head
from tests.bench.lifecycle import conversations, mixed
from tests.bench.loads import CONNECTIONS
from tests.bench.processes import Observed, free_port, peer_program, running, wait_for_port
from tests.bench.samples import Meter, Sample
from tests.documents import ROOT

_PYTHON = peer_program("python")
_HUEY = [peer_program("huey_consumer"), "tests.bench.peers.huey_app.huey", "--quiet", "--no-periodic", "-w", "1"]
_CELERY = [peer_program("celery"), "-A", "tests.bench.peers.celery_app", "worker", "--concurrency", "2"]
_CELERY_OPTIONS = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def huey(folder: Path, count: int) -> Sample:
    """Huey's consumer with one worker; queue and state are files of SQLite that flush each transaction to the disk."""
    return _drained(folder, "huey_app", _HUEY, _huey_settings(folder), count)


def huey_over_http(folder: Path, count: int) -> Sample:
    """A bare route publishes each body for the same consumer; measured until the last event is stored."""
    events, settings, port = mixed(conversations(count)), _huey_settings(folder), free_port()
    serve = [peer_program("uvicorn"), "tests.bench.peers.huey_http:app", "--port", str(port), "--log-level", "error"]
    fast = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    with (
        running(_HUEY, settings, folder / "huey.log") as worker,
        running([*serve, *fast], settings, folder / "uvicorn.log") as server,
        _progress(settings, len(events)) as reached,
        Observed(worker, server) as observed,
    ):
        wait_for_port(port, server)
        meter = Meter(observed)
        head = request_head("/events", "application/json")
        answers = asyncio.run(post_all(port, head, iter(events), CONNECTIONS))
        assert set(answers) == {202}, f"not all was accepted: {answers}"
        next(reached)
        next(reached)
        return meter.stop(len(events))


def celery(folder: Path, count: int, *, on_postgres: bool) -> Sample:
    """Celery's worker with two processes, a broker on Redis, and the state on SQLite or PostgreSQL."""
    with contextlib.ExitStack() as started:
        broker = started.enter_context(servers.redis(folder))
        database = started.enter_context(servers.postgres(folder)) if on_postgres else None
        state = database.address if database else str(folder / "state.db")
        others = [broker.process, *([database.process] if database else [])]
        settings = {"BENCH_QUEUE": broker.address, "BENCH_STATE": state}
        return _drained(folder, "celery_app", [*_CELERY, *_CELERY_OPTIONS], settings, count, others)


def one_transaction(folder: Path, count: int, per_commit: int) -> Sample:
    """The limit of one file: so many messages leave the queue, and their events are stored, in one transaction."""
    worker = [_PYTHON, "-m", "tests.bench.peers.one_transaction", str(per_commit)]
    return _drained(folder, "one_transaction", worker, {"BENCH_STATE": str(folder / "state.db")}, count)


def _huey_settings(folder: Path) -> dict[str, str]:
    return {"BENCH_QUEUE": str(folder / "queue.db"), "BENCH_STATE": str(folder / "state.db")}


def _drained(
    folder: Path,
    peer: str,
    worker: Sequence[str],
    settings: Mapping[str, str],
    count: int,
    servers_beside: Sequence[subprocess.Popen[bytes]] = (),
) -> Sample:
    """A backlog is published, and the worker started; measured from the first event that it stored to the last."""
    events = mixed(conversations(count))
    bodies = folder / "bodies"
    bodies.write_bytes(b"\n".join(events))
    publish = [_PYTHON, "-m", "tests.bench.peers.publish", peer, str(bodies)]
    subprocess.run(publish, env={**os.environ, **settings}, cwd=ROOT, check=True)
    with (
        _progress(settings, len(events)) as reached,
        running(worker, settings, folder / "worker.log") as process,
        Observed(process, *servers_beside) as observed,
    ):
        first = next(reached)
        if first == len(events):
            raise RuntimeError(f"{peer} stored all events before it could be measured; take more")
        meter = Meter(observed)
        return meter.stop(next(reached) - first)


@contextlib.contextmanager
def _progress(settings: Mapping[str, str], events: int) -> Iterator[Iterator[int]]:
    """Yield the number of events that are stored when there are some, then when there are all."""
    with subprocess.Popen(
        [_PYTHON, "-m", "tests.bench.peers.progress", str(events)],
        env={**os.environ, **settings},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield (int(line) for line in process.stdout)
        finally:
            process.kill()
