"""The limit of a queue on SQLite: a message leaves the queue in the transaction that stores its event.

    python -m tests.bench.peers.one_transaction 16    stores what waits, 16 events a commit

`BENCH_STATE` names the file of SQLite.
"""

import os
import sqlite3
import sys
from collections.abc import Sequence

from tests.bench.peers import work


def opened() -> sqlite3.Connection:
    connection = work.open_sqlite(os.environ["BENCH_STATE"])
    for statement in (*work.SCHEMA, "CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, body TEXT)"):
        connection.execute(statement)
    return connection


def drain(connection: sqlite3.Connection, limit: int) -> None:
    """Store all events that wait."""
    while True:
        connection.execute("BEGIN IMMEDIATE")
        rows = connection.execute("SELECT number, body FROM messages ORDER BY number LIMIT ?", (limit,)).fetchall()
        for number, body in rows:
            work.store(connection, work.validated(body))
            connection.execute("DELETE FROM messages WHERE number = ?", (number,))
        connection.execute("COMMIT")
        if not rows:
            return


def publish(lines: Sequence[str]) -> None:
    """Put the events into the queue."""
    connection = opened()
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO messages (body) VALUES (?)", [(line,) for line in lines])
    connection.execute("COMMIT")


if __name__ == "__main__":
    drain(opened(), int(sys.argv[1]))
