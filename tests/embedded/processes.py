"""Real processes that use a database file, so that they can be killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

HOLD = """
print("held", flush=True)
sys.stdin.read()
"""
"""Keeps the file open until it is killed or its input ends."""

WRITE = """
async def write() -> None:
    await database.write(lambda connection: connection.execute("CREATE TABLE written (number INTEGER)"))
    for number in range(1_000_000):
        await database.write(lambda connection: connection.execute("INSERT INTO written VALUES (?)", (number,)))
        print(number, flush=True)

asyncio.run(write())
"""
"""Writes numbers, each printed once its write has returned, until it is killed."""

_OPEN = """
import asyncio, sys
from pathlib import Path
from shared.embedded.database import Database
database = Database(Path(sys.argv[1]))
"""

_READ = """
import sqlite3, sys
reader = sqlite3.connect(sys.argv[1])
reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
reader.close()
"""


@contextmanager
def process(path: Path, work: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that opens the database at `path` and does the work; it is ended at the end."""
    command = [sys.executable, "-c", _OPEN + work, str(path)]
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def line(running: subprocess.Popen[str]) -> str:
    """The next line that the process prints; empty when it has ended."""
    assert running.stdout is not None
    return running.stdout.readline().rstrip("\n")


def read(path: Path) -> None:
    """Have a process of its own read the file without holding it, as a backup does."""
    subprocess.run([sys.executable, "-c", _READ, str(path)], check=True, timeout=30)


def outcome(path: Path, work: str) -> tuple[int, str]:
    """Run a process of its own, without input, until it ends. Returns its exit code and its error output."""
    with process(path, work) as running:
        _, complaint = running.communicate(timeout=30)
        return running.returncode, complaint
