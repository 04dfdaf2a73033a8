"""The servers that Celery needs, on this machine only, each with a folder of its own: Redis and PostgreSQL."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import free_port, running, wait_for_port

_USER = "postgres" if os.getuid() == 0 else None
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, and its process."""

    address: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """Redis with an append-only file, which it flushes once a second, as its documentation advises.

    A crash may lose what it accepted in the last second; the other queues flush before they accept.
    """
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with running([*command, "--appendonly", "yes", "--appendfsync", "everysec"], {}, folder / "redis.log") as process:
        wait_for_port(port, process)
        yield Server(f"redis://127.0.0.1:{port}/0", process)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """PostgreSQL with its own settings but for the port: it flushes each commit to the disk."""
    data = folder / "data"
    folder.chmod(0o755)
    data.mkdir()
    if _USER:
        shutil.chown(data, _USER)
    command = ["initdb", "--pgdata", str(data), "--auth", "trust", "--username", "bench", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, user=_USER, cwd="/")
    port = free_port()
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={port}", "-c", "unix_socket_directories="]
    with running(["postgres", "-D", str(data), *options], {}, folder / "postgres.log", _USER) as process:
        address = f"postgresql://bench@127.0.0.1:{port}/postgres"
        wait_for_port(port, process)
        _wait_until_ready(folder / "postgres.log")
        yield Server(address, process)


def _wait_until_ready(log: Path) -> None:
    """Wait for the line that says so: the port is open before."""
    until = time.monotonic() + 30
    while b"ready to accept connections" not in log.read_bytes():
        if time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.05)
