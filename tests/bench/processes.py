"""The processes of one measured system: started, observed from outside, and ended by their ids."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.documents import ROOT

IN_MEMORY = next((folder for folder in ["/dev/shm"] if Path(folder).is_dir()), None)
"""A folder in memory, where files cost CPU time alone; None: the machine has none."""
_SAMPLED_EVERY = 0.2
_ENDS_WITHIN = 30.0
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()
"""A command that runs another one, which ends when this process does. It is part of Linux's util-linux."""


@dataclass(frozen=True)
class Memory:
    """The most memory that was seen, of all processes, in bytes: what is resident, and with shared pages divided."""

    resident: int
    proportional: int


def peer_program(name: str) -> str:
    """The path of a program in the environment in which the peers run."""
    return str(ROOT / ".venv-bench/bin" / name)


@contextlib.contextmanager
def running(
    command: Sequence[str], settings: Mapping[str, str], output: Path, user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the end of the block, or, where the system can see to it, of this process, if that is killed.

    Its output goes to a file.
    """
    with output.open("wb") as written:
        process = subprocess.Popen(
            [*_ENDS_WITH_US, *command],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children, which share its group."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.kill(process.pid, sent) if sent == signal.SIGTERM else os.killpg(process.pid, sent)
            process.wait(_ENDS_WITHIN)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30.0) -> None:
    """Wait until the program listens. Raises RuntimeError if it ends before, or takes too long."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")


class Observed:
    """The CPU time and the memory of processes and all their children."""

    def __init__(self, *processes: subprocess.Popen[bytes]) -> None:
        self._roots = [psutil.Process(process.pid) for process in processes]
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._resident = self._proportional = 0

    def cpu(self) -> float:
        """Seconds of CPU that the processes have used, those of children that ended included."""
        return sum(sum(each.cpu_times()[:4]) for each in self._all())

    def __enter__(self) -> "Observed":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._sampler.join()

    @property
    def memory(self) -> Memory:
        """The most that was seen."""
        return Memory(self._resident, self._proportional)

    def _all(self) -> list[psutil.Process]:
        return [each for root in self._roots for each in (root, *root.children(recursive=True))]

    def _sample(self) -> None:
        while True:
            with contextlib.suppress(psutil.NoSuchProcess, OSError):
                rolled = [_rolled_up(each.pid) for each in self._all()]
                self._resident = max(self._resident, sum(each.resident for each in rolled))
                self._proportional = max(self._proportional, sum(each.proportional for each in rolled))
            if self._done.wait(_SAMPLED_EVERY):
                return


def _rolled_up(pid: int) -> Memory:
    """The sums that the kernel makes; psutil would read each mapping by itself, while the process waits."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(sizes["Rss"], sizes["Pss"])
