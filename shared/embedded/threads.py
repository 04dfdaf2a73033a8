"""The thread documents on SQLite."""

import sqlite3

from pydantic import TypeAdapter

from shared.clock import Clock
from shared.conversations.effect import Effect, TellThread
from shared.embedded.database import Database
from shared.embedded.within_commit import Performed
from shared.errors import ThreadChanged
from shared.threads.resolve import PseudonymsOf
from shared.threads.telling import settled_events
from shared.threads.thread import Thread, thread_key

_THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)
_A_THREAD = "SELECT etag, document FROM threads WHERE tenant_id = ? AND key = ?"


class EmbeddedThreads:
    """Implements `ThreadStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        rows = self._database.query(_A_THREAD, (tenant_id, key))
        return (_THREAD.validate_json(rows[0]["document"]), str(rows[0]["etag"])) if rows else None

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        await self._database.write(lambda connection: _put((tenant_id, key), thread, etag, connection))


class ToldThreads:
    """Tells threads of conversations within the transaction that commits these: implements `EmbeddedEffect`."""

    def __init__(self, pseudonyms: PseudonymsOf, clock: Clock) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def performing(self, tenant_id: str, conversation_id: str, effect: Effect) -> Performed:
        """What tells the thread, as a `TellThread` asks, unless a conversation is to be told something then."""
        assert isinstance(effect, TellThread), "only threads are told"
        place, share = (tenant_id, thread_key(await self._pseudonyms(tenant_id), effect.channel)), effect.share
        now = self._clock.now()

        def told(connection: sqlite3.Connection) -> bool:
            row = connection.execute(_A_THREAD, place).fetchone()
            if row is None:
                return True
            thread = _THREAD.validate_json(row["document"])
            if thread.same_as is not None:
                return False
            if thread.newer_revision(conversation_id, share) is not None:
                return False
            after = thread.sharing(conversation_id, share, now)
            # Whoever performs an effect again may have told only some of the thread's conversations.
            if settled_events(tenant_id, after, unless_told_by=None if after == thread else thread):
                return False
            _put(place, after, str(row["etag"]), connection)
            return True

        return told


def _put(place: tuple[str, str], thread: Thread, etag: str | None, connection: sqlite3.Connection) -> None:
    document = thread.to_json()
    if etag is None:
        sql = "INSERT INTO threads (document, tenant_id, key, etag) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING"
        written = connection.execute(sql, (document, *place))
    else:
        sql = "UPDATE threads SET document = ?, etag = etag + 1 WHERE tenant_id = ? AND key = ? AND etag = ?"
        written = connection.execute(sql, (document, *place, int(etag)))
    if written.rowcount != 1:
        raise ThreadChanged
