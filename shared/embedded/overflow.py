"""The overflow on SQLite."""

from collections.abc import Sequence

from shared.embedded.database import Database


class EmbeddedOverflow:
    """Implements `Overflow`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        sql = "INSERT OR REPLACE INTO overflow (tenant_id, place, sha256, content) VALUES (?, ?, ?, ?)"
        parameters = (tenant_id, place, sha256, content)
        await self._database.write(lambda connection: connection.execute(sql, parameters))

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        sql = "SELECT content FROM overflow WHERE tenant_id = ? AND place = ? AND sha256 = ?"
        rows = self._database.query(sql, (tenant_id, place, sha256))
        return bytes(rows[0]["content"]) if rows else None

    async def names(self, tenant_id: str, place: str) -> Sequence[str]:
        sql = "SELECT sha256 FROM overflow WHERE tenant_id = ? AND place = ? ORDER BY sha256"
        return [row["sha256"] for row in self._database.query(sql, (tenant_id, place))]

    async def discard(self, tenant_id: str, place: str, sha256: str) -> None:
        sql = "DELETE FROM overflow WHERE tenant_id = ? AND place = ? AND sha256 = ?"
        await self._database.write(lambda connection: connection.execute(sql, (tenant_id, place, sha256)), forgets=True)

    async def delete(self, tenant_id: str, place: str) -> None:
        sql = "DELETE FROM overflow WHERE tenant_id = ? AND place = ?"
        await self._database.write(lambda connection: connection.execute(sql, (tenant_id, place)))
