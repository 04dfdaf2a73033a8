"""Configurations and parked events on SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import TypeAdapter

from shared.embedded.database import Database
from shared.errors import VersionConflict
from shared.ingress.parked_event import ParkedEvent
from shared.slices import in_slices
from shared.tenants.configuration import Configuration
from shared.tenants.history import History, Version
from shared.wire import replace

_CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)
_PARKED: TypeAdapter[ParkedEvent] = TypeAdapter(ParkedEvent)
_ADD = (
    "INSERT INTO configurations (tenant_id, number, in_force_from, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_GET_PARKED = "SELECT document FROM parked WHERE tenant_id = ? AND id = ?"


class EmbeddedConfigurations:
    """Implements `ConfigurationStore`. Versions never change, so a process reads each one once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, list[Version]] = {}

    async def tenants(self) -> Sequence[str]:
        rows = self._database.query("SELECT DISTINCT tenant_id FROM configurations ORDER BY tenant_id")
        return [row["tenant_id"] for row in rows]

    async def history(self, tenant_id: str) -> History | None:
        known = self._known.get(tenant_id, [])
        rows = self._database.query(
            "SELECT number, in_force_from, document FROM configurations WHERE tenant_id = ? AND number > ?"
            " ORDER BY number",
            (tenant_id, known[-1].number if known else 0),
        )
        if rows:
            known = self._known[tenant_id] = [*known, *await in_slices(map(_version, rows))]
        return History(known) if known else None

    async def secret(self, tenant_id: str) -> bytes | None:
        rows = self._database.query("SELECT secret FROM secrets WHERE tenant_id = ?", (tenant_id,))
        return rows[0]["secret"] if rows else None

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        def work(connection: sqlite3.Connection) -> None:
            _insert(connection, tenant_id, first)
            connection.execute("INSERT INTO secrets (tenant_id, secret) VALUES (?, ?)", (tenant_id, secret))

        await self._database.write(work)

    async def add(self, tenant_id: str, version: Version) -> None:
        await self._database.write(lambda connection: _insert(connection, tenant_id, version))


def _version(row: sqlite3.Row) -> Version:
    configuration = _CONFIGURATION.validate_json(row["document"])
    return Version(row["number"], datetime.fromisoformat(row["in_force_from"]), configuration)


def _insert(connection: sqlite3.Connection, tenant_id: str, version: Version) -> None:
    document = version.configuration.to_json()
    parameters = (tenant_id, version.number, version.in_force_from.isoformat(), document)
    if not connection.execute(_ADD, parameters).rowcount:
        raise VersionConflict(version.number)


class EmbeddedParkedEvents:
    """Implements `ParkedEvents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        sql = (
            "INSERT INTO parked (tenant_id, id, received_at, document) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET received_at = excluded.received_at, document = excluded.document"
            " WHERE json_extract(document, '$.replayingAt') IS NOT NULL"
        )
        parameters = (tenant_id, event.id, event.received_at, event.to_json())
        await self._database.write(lambda connection: connection.execute(sql, parameters))

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        waiting = "" if replayed else " AND json_extract(document, '$.replayedAt') IS NULL"
        index = "parked_by_position" if replayed else "parked_waiting"
        sql = (
            f"SELECT document FROM parked INDEXED BY {index} WHERE tenant_id = ? AND received_at || '.' || id > ?"  # noqa: S608  # constants
            f"{waiting} ORDER BY received_at || '.' || id LIMIT ?"
        )
        rows = self._database.query(sql, (tenant_id, after or "", limit))
        return [_PARKED.validate_json(row["document"]) for row in rows]

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None:
        rows = self._database.query(_GET_PARKED, (tenant_id, event_id))
        return _PARKED.validate_json(rows[0]["document"]) if rows else None

    async def delete(self, tenant_id: str, event_id: str) -> None:
        sql = "DELETE FROM parked WHERE tenant_id = ? AND id = ?"
        await self._database.write(lambda connection: connection.execute(sql, (tenant_id, event_id)), forgets=True)

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        await self._mark(tenant_id, event_id, lambda event: replace(event, replaying_at=at), None)

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        await self._mark(tenant_id, event_id, lambda event: replace(event, replayed_at=at), at)

    async def _mark(
        self, tenant_id: str, event_id: str, mark: Callable[[ParkedEvent], ParkedEvent], begun_at: str | None
    ) -> None:
        """Mark the stored event; with `begun_at` only if its replay began at that time."""

        def work(connection: sqlite3.Connection) -> None:
            row = connection.execute(_GET_PARKED, (tenant_id, event_id)).fetchone()
            event = _PARKED.validate_json(row["document"]) if row else None
            if event is None or (begun_at is not None and event.replaying_at != begun_at):
                return
            connection.execute(
                "UPDATE parked SET document = ? WHERE tenant_id = ? AND id = ?",
                (mark(event).to_json(), tenant_id, event_id),
            )

        await self._database.write(work)
