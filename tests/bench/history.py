"""A store with a history: one conversation is recorded, and its rows are copied as often as it is asked for."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

from shared.bootstrap import embedded_on
from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.events.envelope import format_time, parse_time
from tests.bench.configurations import configuration
from tests.bench.lifecycle import TENANT
from tests.builders import ended, message, started

_BEGAN = parse_time("2026-10-05T09:00:00Z")
_ORIGINAL = "history-0000000"
_COPY = "'history-' || substr('0000000' || i, -7)"
"""In SQL, the id of the i-th copy."""


def write_history(file: Path, conversations: int) -> None:
    """Make a database in which so many conversations have ended. None is asked for: then it has the tenant alone."""
    asyncio.run(_record_original(file, recorded=conversations > 0))
    if conversations > 1:
        _copy_rows(file, conversations - 1)


async def _record_original(file: Path, *, recorded: bool) -> None:
    pipeline = embedded_on(Database(file), MovableClock(_BEGAN + timedelta(minutes=1)))
    await pipeline.configurations.put(TENANT, configuration(), None)
    at = format_time(_BEGAN)
    events = [started(_ORIGINAL, at), message(_ORIGINAL, at, role="bot"), ended(_ORIGINAL, at)]
    for event in events if recorded else []:
        await pipeline.deliveries.deliver(event.to_json().encode())
    await pipeline.close()


def _copy_rows(file: Path, copies: int) -> None:
    """Copy every row of the conversation, whatever its columns are, and count the copies in the ledger."""
    connection = sqlite3.connect(file, isolation_level=None)
    # A crash would leave a broken file, which nobody needs.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.execute("CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO numbers VALUES (?)", ((number,) for number in range(1, copies + 1)))
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if "key" in columns:
            # Other values are copied as they are: `replace` would make a text of a number.
            named = ", ".join(
                f"iif(typeof({each}) = 'text', replace({each}, '{_ORIGINAL}', {_COPY}), {each})" for each in columns
            )
            connection.execute(f"CREATE TEMP TABLE original AS SELECT * FROM {table} WHERE key = '{_ORIGINAL}'")
            connection.execute(f"INSERT INTO {table} SELECT {named} FROM numbers CROSS JOIN original")
            connection.execute("DROP TABLE original")
    connection.execute("UPDATE ledger_days SET count = count * ?", (copies + 1,))
    connection.execute("UPDATE ledger_months SET posts = posts * ?", (copies + 1,))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
