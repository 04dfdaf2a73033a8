"""Configurations and parked events on SQLite."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter

from shared.embedded.database import Database
from shared.errors import VersionConflict
from shared.events.parked import ParkedEvent
from shared.tenants.configuration import Configuration
from shared.tenants.history import History, Version

_CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)
_PARKED: TypeAdapter[ParkedEvent] = TypeAdapter(ParkedEvent)


class EmbeddedConfigurations:
    """Implements `ConfigurationStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tenants(self) -> Sequence[str]:
        rows = self._database.query("SELECT DISTINCT tenant_id FROM configurations ORDER BY tenant_id")
        return [row["tenant_id"] for row in rows]

    async def history(self, tenant_id: str) -> History | None:
        rows = self._database.query(
            "SELECT number, in_force_from, document FROM configurations WHERE tenant_id = ? ORDER BY number",
            (tenant_id,),
        )
        versions = [
            Version(
                row["number"],
                datetime.fromisoformat(row["in_force_from"]),
                _CONFIGURATION.validate_json(row["document"]),
            )
            for row in rows
        ]
        return History(versions) if versions else None

    async def add(self, tenant_id: str, version: Version) -> None:
        sql = (
            "INSERT INTO configurations (tenant_id, number, in_force_from, document) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING"
        )
        document = version.configuration.to_json()
        parameters = (tenant_id, version.number, version.in_force_from.isoformat(), document)
        if not await self._database.write(lambda connection: connection.execute(sql, parameters).rowcount):
            raise VersionConflict(version.number)


class EmbeddedParkedEvents:
    """Implements `ParkedEvents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        sql = "INSERT INTO parked (tenant_id, id, received_at, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        parameters = (tenant_id, event.id, event.received_at, event.to_json())
        await self._database.write(lambda connection: connection.execute(sql, parameters))

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        sql = "SELECT document FROM parked WHERE tenant_id = ? ORDER BY received_at, id"
        return [_PARKED.validate_json(row["document"]) for row in self._database.query(sql, (tenant_id,))]
