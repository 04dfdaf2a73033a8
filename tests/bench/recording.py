"""Benchmark: recording conversations, beside the simplest other design, in the same run.

    python -m tests.bench.recording [CONVERSATIONS]

The peer keeps a conversation in one document, which each event replaces; a marker detects duplicates, and a counter has
the month's sessions. It routes nothing, explains nothing, and has no outbox. Both are on the same `Database`: SQLite
with synchronous=FULL and group commit. The lines of all conversations come mixed, as many at once as `host.json` lets a
core handle. Rounds of both alternate; the first one does not count.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from shared.bootstrap import embedded_on
from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.events.codec import decode_event
from shared.events.envelope import format_time, parse_time
from shared.wire import canonical_json
from tests.builders import EXAMPLES, ended, message, started
from tests.documents import ROOT

LINES = (12, 60, 200)
ROUNDS = 5
_AT = parse_time("2026-10-05T10:00:00Z")
_HANDLED_AT_ONCE: int = json.loads((ROOT / "host.json").read_text())["extensions"]["serviceBus"]["maxConcurrentCalls"]
_PEER_SCHEMA = (
    "CREATE TABLE documents (conversation_id TEXT PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE TABLE markers (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE months (month TEXT PRIMARY KEY, sessions INTEGER NOT NULL)",
)

Deliver = Callable[[bytes], Awaitable[None]]
Design = Callable[[Database], Awaitable[Deliver]]


def traffic(conversations: int, lines: int) -> list[bytes]:
    """The events of conversations with a bot: a start, lines, an end; the first of each, then the second, ..."""

    def told(conversation: str) -> Iterator[bytes]:
        yield started(conversation, at=format_time(_AT), event_id="start").to_json().encode()
        for number in range(lines):
            role = "customer" if number % 2 == 0 else "bot"
            yield message(conversation, at=format_time(_AT), event_id=f"m{number}", role=role).to_json().encode()
        yield ended(conversation, at=format_time(_AT), event_id="end").to_json().encode()

    every = [list(told(f"c{number}")) for number in range(conversations)]
    return [conversation[turn] for turn in range(lines + 2) for conversation in every]


async def patchbay(database: Database) -> Deliver:
    """Record, fold, route, bill and explain each event."""
    pipeline = embedded_on(database, MovableClock(_AT))
    await pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
    return pipeline.deliveries.deliver


async def one_document(database: Database) -> Deliver:
    """Append each event to its conversation's document."""
    await database.write(lambda connection: [connection.execute(each) for each in _PEER_SCHEMA])

    async def deliver(body: bytes) -> None:
        event = decode_event(body)
        document = json.loads(body)

        def write(connection: sqlite3.Connection) -> None:
            conversation = event.subject
            marker = canonical_json([event.tenantid, event.subject, event.source, event.id])
            if not connection.execute("INSERT OR IGNORE INTO markers VALUES (?)", (marker,)).rowcount:
                return
            found = connection.execute(
                "SELECT document FROM documents WHERE conversation_id = ?", (conversation,)
            ).fetchone()
            new: dict[str, Any] = {"state": "open", "counted": False, "events": []}
            state = json.loads(found["document"]) if found else new
            state["events"].append(document)
            if event.type == "conversation.ended":
                state["state"] = "closed"
            if document["data"].get("author", {}).get("role") == "bot" and not state["counted"]:
                state["counted"] = True
                sql = "INSERT INTO months VALUES (?, 1) ON CONFLICT DO UPDATE SET sessions = sessions + 1"
                connection.execute(sql, (event.time[:7],))
            connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", (conversation, json.dumps(state)))

        await database.write(write)

    return deliver


@contextmanager
def _database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        yield Database(Path(folder) / "bench.db")


async def delivered(deliver: Deliver, bodies: Sequence[bytes]) -> None:
    """Deliver all events in order, as many at once as the host does."""
    waiting = iter(bodies)

    async def worker() -> None:
        for body in waiting:
            await deliver(body)

    await asyncio.gather(*(worker() for _ in range(_HANDLED_AT_ONCE)))


async def _round(design: Design, bodies: Sequence[bytes]) -> tuple[float, float]:
    """Run one round. Returns events per second, and microseconds of the processor per event."""
    with _database() as database:
        deliver = await design(database)
        began, processor = time.perf_counter(), time.process_time()
        await delivered(deliver, bodies)
        seconds, used = time.perf_counter() - began, time.process_time() - processor
        await database.close()
    return len(bodies) / seconds, used / len(bodies) * 1e6


def main(conversations: int = 100) -> None:
    """Print a row per design and length of a conversation: medians, and the range of all rounds."""
    table = Table("lines", "design", "events a second", "slowest to fastest", "µs of processor an event")
    for lines in LINES:
        bodies = traffic(conversations, lines)
        designs: dict[str, Design] = {"Patchbay": patchbay, "one document": one_document}
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in designs}
        for number in range(1 + ROUNDS):
            for name, design in designs.items():
                figures = asyncio.run(_round(design, bodies))
                if number:
                    measured[name].append(figures)
        for name, rounds in measured.items():
            rates = [rate for rate, _ in rounds]
            spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
            used = median(each for _, each in rounds)
            table.add_row(str(lines), name, f"{median(rates):,.0f}", spread, f"{used:,.0f}")
    table.caption = f"{conversations} conversations, {_HANDLED_AT_ONCE} events at once, medians of {ROUNDS} rounds"
    Console().print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
