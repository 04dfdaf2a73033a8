"""The functions host for one machine: serves HTTP on loopback, pumps the bus, runs timers, stops cleanly."""

import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.loops.auto import auto_loop_factory

from local.connections import BoundedProtocol, allow_files, end_late_ones
from local.gate import OWN_NAMES, Gate
from local.http import application
from local.index import index, resolved
from local.pump import Bus, Pump
from local.request_log import RequestLog
from local.timers import TimerTrigger
from shared import bootstrap
from shared.clock import Clock, MovableClock
from shared.embedded.lanes import lanes_of
from shared.pipeline import Pipeline
from shared.settings import Settings

LOOPBACK = "127.0.0.1"
"""The only address served; its callers need no token."""


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end on uvloop, or on asyncio's own loop where uvloop is not installed."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(work)


async def serve(
    settings: Settings, port: int, clock: Clock, *, log_requests: bool, names: Collection[str] = OWN_NAMES
) -> None:
    """Run until SIGTERM or SIGINT. Raises DatabaseInUse, DatabaseUnreadable, or OSError if the port is taken.

    `names` are the hosts that a request may name.
    """
    with listen(port) as listener:
        pipeline = bootstrap.embedded(settings, clock, open_to_all=True, telemetry=bootstrap.telemetry())
        await run_embedded(pipeline, listener, log_requests=log_requests, names=names)


async def run_embedded(
    pipeline: bootstrap.EmbeddedPipeline,
    listener: socket.socket,
    *,
    log_requests: bool = False,
    names: Collection[str] = OWN_NAMES,
) -> None:
    """Run the functions on this pipeline's database and bus."""
    # The receivers that locked messages died with the process that used the file before.
    await pipeline.bus.release_locks()
    store = f"database {pipeline.database.path}"
    await run(pipeline, lanes_of(pipeline.bus), listener, store, log_requests=log_requests, names=names)


async def run(
    pipeline: Pipeline,
    lanes: Sequence[Bus],
    listener: socket.socket,
    store: str,
    *,
    log_requests: bool = False,
    names: Collection[str] = OWN_NAMES,
) -> None:
    """Run the functions on this pipeline until SIGTERM or SIGINT, then finish the deliveries in hand.

    `lanes` are the ways through the bus that the pipeline publishes to; all messages come by one of them. `store` names
    the place of its data in the output.
    """
    bootstrap.provide(pipeline)
    functions, clock = index(), pipeline.clock
    movable = clock if isinstance(clock, MovableClock) else None
    timers = [
        TimerTrigger(one, resolved(one.trigger["schedule"]), clock) for one in functions if one.kind == "timerTrigger"
    ]
    app = Gate(application(functions, movable, timers), names)
    log = RequestLog(app) if log_requests else None
    server = _server(log or app)
    _stop_on_signals(server)
    address = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    _collect_seldom()
    allow_files()
    print(f"Patchbay listens on {address} ({store})", flush=True)
    pumps = [Pump(lane, each).run() for each in functions if each.kind == "serviceBusTrigger" for lane in lanes]
    late = end_late_ones(server.server_state.connections)
    workers = [asyncio.create_task(work) for work in (*pumps, *(timer.keep_running() for timer in timers), late)]
    try:
        await server.serve(sockets=[listener])
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await pipeline.close()
        if log is not None:
            log.flush()


def _server(app: ASGIApp) -> uvicorn.Server:
    """A server for loopback: it speaks no WebSocket, and no proxy stands before it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
        )
    )


def _collect_seldom() -> None:
    """Leave what is loaded to no more collections, and let many objects be made between two."""
    gc.collect()
    gc.freeze()
    # Requests and events make hardly a cycle. With the defaults a backlog's collections cost up to a fifth of its time.
    gc.set_threshold(10_000, 10, 10)


def listen(port: int) -> socket.socket:
    """A listening socket with TCP as its protocol: on others asyncio leaves Nagle's algorithm on, which costs 40 ms.

    Raises OSError, which names the port, if it is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as taken:
        listener.close()
        raise OSError(f"port {port}: {taken.strerror}; name another with --port") from taken
    listener.listen(512)
    return listener


def load_local_settings() -> None:
    """Put the values of `local.settings.json` (or of the sample) into the environment, unless they are set already."""
    root = Path(__file__).resolve().parent.parent
    own, sample = root / "local.settings.json", root / "local.settings.sample.json"
    document = json.loads((own if own.exists() else sample).read_text(encoding="utf-8"))
    for name, value in document["Values"].items():
        os.environ.setdefault(name, value)


def _stop_on_signals(server: uvicorn.Server) -> None:
    """Stop the server on SIGTERM and SIGINT, also before it handles them itself, and after it has stopped.

    Uvicorn raises the signal that stopped it once more; with the default handler that would end the process at once.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
