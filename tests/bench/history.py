"""Benchmark: the same work beside few conversations and beside many, in one run.

    python -m tests.bench.history [CONVERSATIONS]

The conversations are copies of a recorded one, written as rows. What is measured alternates between the two files. The
figure is the processor's time, the median of all rounds; above 1.3 times the cost grows with the history.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from shared.bootstrap import embedded_on
from shared.clock import MovableClock
from shared.conversations.lists import Filter, Selection, Sort, microseconds
from shared.embedded.database import Database
from shared.events.envelope import format_time, parse_time
from shared.pipeline import Pipeline
from shared.usage.bot_session import invoiced_conversation
from tests.builders import EXAMPLES, ended, message, started

TENANT = "contoso"
FEW, MANY = 2_000, 1_000_000
ROUNDS = 15
MOST_TIMES = 1.3
_NOW = parse_time("2026-10-25T10:00:00Z")
_TEMPLATE = "template"
_NAMING = frozenset(["key", "document", "event", "content"])
"""The columns that name their conversation."""
_COPIED = ("facts", "decisions", "heads", "contributions")
_AT_ONCE = 20_000
"""Conversations that are written in one transaction."""
_LIVE = 400
"""Conversations that are not over, of those that began last: half of them wait, half have a bot."""

_NUMBERS = """
CREATE TEMP TABLE numbers AS
WITH RECURSIVE counted (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :last)
-- The order of keys is not that of starts.
SELECT printf('c%07d', n) AS key, (n * 7919) % :conversations AS age FROM counted
"""
_LISTED: Mapping[str, str] = {
    "started": ":now - age * :pause",
    "activity": ":now - age * :pause + 1",
    "state": "CASE WHEN age < :live / 2 THEN 'open' WHEN age < :live THEN 'active' ELSE 'closed' END",
    "queue": "'Q' || (age % 7)",
    "bot": "CASE WHEN age >= :live / 2 THEN 'b' || (age % 3) END",
    "channel": "CASE WHEN age % 2 THEN 'webchat' ELSE 'app' END",
    "waiting": "CASE WHEN age < :live / 2 THEN :now - age * :pause END",
    "attention": "CASE WHEN age >= :live / 2 AND age < :live THEN 'bot-silent' END",
}
_WARNED = """
INSERT INTO warnings SELECT tenant_id, key, 'unknown_bot', started, activity, waiting FROM heads WHERE bot = 'b1'
"""


async def delivered(deliver: Callable[[bytes], Awaitable[None]], bodies: Iterable[bytes]) -> None:
    for body in bodies:
        await deliver(body)


async def recorded(database: Database) -> Pipeline:
    """A pipeline with a tenant, and one conversation that is over."""
    pipeline = embedded_on(database, MovableClock(_NOW))
    await pipeline.configurations.put(TENANT, (EXAMPLES / "contoso.yaml").read_bytes(), None)
    await delivered(pipeline.deliveries.deliver, lifecycle(_TEMPLATE))
    return pipeline


def lifecycle(conversation: str) -> list[bytes]:
    """A start, a line of the bot, one of the customer, an end."""
    at = format_time(_NOW - timedelta(hours=1))
    return [
        event.to_json().encode()
        for event in (
            started(conversation, at=at, event_id="start"),
            message(conversation, at=at, event_id="m1", role="bot"),
            message(conversation, at=at, event_id="m2"),
            ended(conversation, at=at, event_id="end"),
        )
    ]


async def write_history(database: Database, conversations: int) -> None:
    """Copy the recorded conversation so often, with other times, states, queues, bots and channels in the lists."""
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indices = [(row["name"], row["sql"]) for row in database.query(sql)]
    # An index that is made at the end is made by sorting.
    await database.write(lambda connection: [connection.execute(f"DROP INDEX {name}") for name, _ in indices])
    for table in _COPIED:
        await database.write(partial(_execute, sql=f"CREATE TEMP TABLE template_of_{table} AS SELECT * FROM {table}"))
    for first in range(0, conversations, _AT_ONCE):
        last = min(first + _AT_ONCE, conversations)
        await database.write(partial(_copy, bounds={"first": first, "last": last, "conversations": conversations}))
    await database.write(lambda connection: connection.execute(_WARNED))
    for _, definition in indices:
        await database.write(partial(_execute, sql=definition))


def _execute(connection: sqlite3.Connection, sql: str) -> None:
    connection.execute(sql)


def _copy(connection: sqlite3.Connection, bounds: Mapping[str, int]) -> None:
    connection.execute(_NUMBERS, bounds)
    values = {"now": microseconds(_NOW), "pause": 2_000_000, "live": _LIVE}
    for table in _COPIED:
        columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]
        copied = [
            f"replace(one.{name}, '{_TEMPLATE}', numbers.key)" if name in _NAMING else f"one.{name}" for name in columns
        ]
        if table == "heads":
            copied = [_LISTED.get(name, expression) for name, expression in zip(columns, copied, strict=True)]
        source = f"SELECT {', '.join(copied)} FROM numbers CROSS JOIN template_of_{table} AS one"
        connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) {source}", values if table == "heads" else {})
    connection.execute("DROP TABLE numbers")


def lists() -> Iterator[tuple[str, Selection]]:
    """Every filter with every order, and what a supervisor asks most: by name."""
    filters: list[dict[Filter, str]] = [
        {}, {"state": "active"}, {"state": "closed"}, {"queue": "Q3"}, {"bot": "b2"}, {"channel": "app"},
        {"attention": "bot-silent"}, {"warning": "unknown_bot"}, {"queue": "Q3", "channel": "app"},
        {"state": "active", "queue": "Q3"},
    ]  # fmt: skip
    sorts: tuple[Sort, ...] = ("started", "activity", "waiting")
    yield "key", Selection()
    for chosen in filters:
        for sort in sorts:
            yield " ".join([*(f"{name}={value}" for name, value in chosen.items()), sort]), Selection(chosen, sort=sort)


def measured(pipeline: Pipeline) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, by name."""
    names = count()

    async def recording() -> None:
        # Anywhere among the keys, as a thread's pseudonym is.
        await delivered(pipeline.deliveries.deliver, lifecycle(f"c{next(names) * 7919 % FEW:07d}-new"))

    def listing(selection: Selection) -> Callable[[], Awaitable[object]]:
        async def answered() -> object:
            page = await pipeline.conversations.page(TENANT, selection, None)
            return json.dumps([invoiced_conversation(head) for head in page.heads])

        return answered

    return {
        **{f"list {name}": listing(selection) for name, selection in lists()},
        "one conversation": lambda: pipeline.conversations.one(TENANT, "c0000017"),
        "transcript": lambda: pipeline.conversations.transcript(TENANT, "c0000017", "agent"),
        "report of a month": lambda: pipeline.usage.report(TENANT, "2026-10"),
        "evidence, a page": lambda: pipeline.usage.evidence(TENANT, "2026-10", None, None),
        "parked events, a page": lambda: pipeline.parked_event_service.page(TENANT, None, replayed=False),
        "sweep, nothing due": pipeline.sweep.run,
        "record 4 events": recording,
    }


async def compared(pipelines: Sequence[Pipeline], rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """The microseconds of the processor for each work, beside few conversations and beside many."""
    used: dict[str, tuple[list[float], list[float]]] = {}
    works = [measured(pipeline) for pipeline in pipelines]
    for number in range(1 + rounds):
        for name in works[0]:
            figures = used.setdefault(name, ([], []))
            # Whoever comes second finds the processor's caches warm.
            for turn in (0, 1) if number % 2 else (1, 0):
                began = time.process_time()
                await works[turn][name]()
                figures[turn].append((time.process_time() - began) * 1e6)
    # The first round fills caches.
    return {name: (median(one[1:]), median(other[1:])) for name, (one, other) in used.items()}


async def beside(sizes: Sequence[int], rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """As `compared`, beside so many conversations each."""
    with tempfile.TemporaryDirectory() as folder:
        pipelines: list[Pipeline] = []
        for size in sizes:
            database = Database(Path(folder) / f"{size}.db")
            pipelines.append(await recorded(database))
            await write_history(database, size)
        found = await compared(pipelines, rounds)
        for pipeline in pipelines:
            await pipeline.close()
        return found


async def _main(conversations: int) -> None:
    table = Table("µs of processor", f"{FEW:,}", f"{conversations:,}", "times")
    for name, (few, many) in (await beside((FEW, conversations))).items():
        mark = " !" if many > few * MOST_TIMES else ""
        table.add_row(name, f"{few:,.0f}", f"{many:,.0f}", f"{many / few:.2f}{mark}")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY))
