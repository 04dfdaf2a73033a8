"""The work that every peer does for one event: validate it, detect a duplicate, update the state, keep the transcript.

All of it is one transaction, on SQLite with synchronous=FULL or on PostgreSQL.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, Field, TypeAdapter

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS markers (id TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS states (conversation TEXT PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lines (id TEXT PRIMARY KEY, document TEXT NOT NULL)",
)


class _Envelope(BaseModel):
    id: str
    source: str
    subject: str
    tenantid: str
    time: str


class _Author(BaseModel):
    role: Literal["customer", "bot", "agent"]
    id: str
    name: str | None = None


class _StartedData(BaseModel):
    channel: dict[str, str]
    customer: dict[str, str]
    contextVariables: dict[str, Any] = {}  # noqa: N815  # as it is written in the event


class _Started(_Envelope):
    type: Literal["conversation.started"]
    data: _StartedData


class _MessageData(BaseModel):
    author: _Author
    text: str


class _Message(_Envelope):
    type: Literal["message.posted"]
    data: _MessageData


class _EscalatedData(BaseModel):
    botId: str  # noqa: N815  # as it is written in the event
    reason: str | None = None
    summary: str | None = None
    contextVariables: dict[str, Any] = {}  # noqa: N815  # as it is written in the event


class _Escalated(_Envelope):
    type: Literal["bot.escalated"]
    data: _EscalatedData


class _EndedData(BaseModel):
    endedBy: str  # noqa: N815  # as it is written in the event
    reason: str
    note: str | None = None


class _Ended(_Envelope):
    type: Literal["conversation.ended"]
    data: _EndedData


Event = _Started | _Message | _Escalated | _Ended
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


class Statements(Protocol):
    """What SQLite's and PostgreSQL's connections have in common."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any: ...


def open_state(address: str) -> Statements:
    """A connection to the state's database, which has its tables: a file of SQLite, or PostgreSQL."""
    connection = _connected(address)
    for statement in SCHEMA:
        connection.execute(statement)
    return connection


def _connected(address: str) -> Statements:
    if address.startswith("postgresql://"):
        from tests.bench.peers.postgres import PostgresStatements  # noqa: PLC0415  # for PostgreSQL only

        return PostgresStatements(address)
    return open_sqlite(address)


def open_sqlite(file: str) -> sqlite3.Connection:
    """A file of SQLite which flushes every transaction to the disk."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def record(state: Statements, body: str | bytes) -> None:
    """Do the work of one event in a transaction of its own."""
    event = validated(body)
    state.execute("BEGIN IMMEDIATE" if isinstance(state, sqlite3.Connection) else "BEGIN")
    try:
        store(state, event)
        state.execute("COMMIT")
    except BaseException:
        state.execute("ROLLBACK")
        raise


def validated(body: str | bytes) -> Event:
    """The event. Raises ValidationError."""
    return _EVENT.validate_json(body)


def store(state: Statements, event: Event) -> None:
    """Store the event inside the transaction that is open, unless it was stored before."""
    marker = f"{event.tenantid}|{event.source}|{event.id}"
    if not state.execute("INSERT INTO markers VALUES (?) ON CONFLICT DO NOTHING", (marker,)).rowcount:
        return
    found = state.execute("SELECT document FROM states WHERE conversation = ?", (event.subject,)).fetchone()
    document = json.loads(found[0]) if found else {"status": "open", "queue": None, "variables": {}, "lines": 0}
    match event:
        case _Started():
            document["variables"] |= event.data.contextVariables
        case _Message():
            document["lines"] += 1
            line = f"{event.subject}|{document['lines']:06}"
            state.execute("INSERT INTO lines VALUES (?, ?)", (line, event.data.model_dump_json()))
        case _Escalated():
            document["variables"] |= event.data.contextVariables
            document["queue"] = document["variables"].get("BotHandoffTopic")
        case _Ended():
            document["status"] = "closed"
    document["at"] = event.time
    sql = "INSERT INTO states VALUES (?, ?) ON CONFLICT (conversation) DO UPDATE SET document = excluded.document"
    state.execute(sql, (event.subject, json.dumps(document)))
