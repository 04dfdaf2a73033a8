"""The thread documents on SQLite."""

import sqlite3

from pydantic import TypeAdapter

from shared.embedded.database import Database
from shared.errors import ThreadChanged
from shared.threads.thread import Thread

_THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)


class EmbeddedThreads:
    """Implements `ThreadStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, tenant_id: str, thread_key: str) -> tuple[Thread, str] | None:
        sql = "SELECT etag, document FROM threads WHERE tenant_id = ? AND key = ?"
        rows = self._database.query(sql, (tenant_id, thread_key))
        return (_THREAD.validate_json(rows[0]["document"]), str(rows[0]["etag"])) if rows else None

    async def save(self, tenant_id: str, thread_key: str, thread: Thread, etag: str | None) -> None:
        document = thread.to_json()

        def put(connection: sqlite3.Connection) -> None:
            if etag is None:
                sql = "INSERT INTO threads (document, tenant_id, key, etag) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING"
                written = connection.execute(sql, (document, tenant_id, thread_key))
            else:
                sql = "UPDATE threads SET document = ?, etag = etag + 1 WHERE tenant_id = ? AND key = ? AND etag = ?"
                written = connection.execute(sql, (document, tenant_id, thread_key, int(etag)))
            if written.rowcount != 1:
                raise ThreadChanged

        await self._database.write(put)
