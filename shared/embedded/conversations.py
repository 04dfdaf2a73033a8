"""The conversations' store on SQLite: heads, facts and decisions."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from shared.conversations.conversation import Conversation
from shared.conversations.documents import (
    read_decision,
    read_fact,
    read_head,
    write_decision,
    write_fact,
    write_head,
)
from shared.conversations.fact import Fact
from shared.conversations.lists import Selection, listed
from shared.conversations.ports import Beside, FactExists, FactTime, Head, HeadPage, Loaded
from shared.embedded import conversation_lists
from shared.embedded.database import Database
from shared.embedded.within_commit import WithinCommit
from shared.embedded.written_heads import Written, WrittenHeads
from shared.errors import HeadChanged
from shared.slices import in_slices


class EmbeddedConversations:
    """Implements `ConversationStore`."""

    def __init__(self, database: Database, within: WithinCommit | None = None) -> None:
        self._database = database
        self._within = within
        self._written = WrittenHeads()

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        query, partition = self._database.query, (tenant_id, key)
        found = await self.read_head(tenant_id, key)
        facts = query("SELECT fact_id, event, at, received_at FROM facts WHERE tenant_id = ? AND key = ?", partition)
        sql = "SELECT document FROM decisions WHERE tenant_id = ? AND key = ? ORDER BY number"
        rows = query(sql, partition) if found and decisions else []
        stored = await in_slices(map(_fact_of, facts))
        if found is None:
            return Loaded(None, None, stored)
        head, etag = found
        whole = tuple(await in_slices(read_decision(row["document"]) for row in rows))
        return Loaded(head.with_decisions(whole), etag, stored)

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        if (known := self._written.get((tenant_id, key))) is not None:
            return known
        sql = "SELECT etag, document FROM heads WHERE tenant_id = ? AND key = ?"
        rows = self._database.query(sql, (tenant_id, key))
        return (read_head(rows[0]["document"]), str(rows[0]["etag"])) if rows else None

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        rows = self._database.query(
            "SELECT fact_id, event, at, received_at FROM facts WHERE tenant_id = ? AND key = ? AND fact_id = ?",
            (tenant_id, key, fact_id),
        )
        return _fact_of(rows[0]) if rows else None

    async def count(self, tenant_id: str, key: str) -> int:
        sql = "SELECT count(*) AS facts FROM facts WHERE tenant_id = ? AND key = ?"
        return int(self._database.query(sql, (tenant_id, key))[0]["facts"])

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        await self._database.write(lambda connection: _insert_facts(connection, (tenant_id, key), facts, beside))

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        partition = tenant_id, key
        perform = await self._within.performing(tenant_id, head) if self._within else None

        def work(connection: sqlite3.Connection) -> Written:
            _insert_facts(connection, partition, facts, beside)
            stored = perform(connection) if perform else head
            size = _put_head(connection, partition, stored, etag)
            _put_decisions(connection, partition, stored.conversation)
            return Written(stored, _following(etag), size)

        return await self._write_head(partition, work)

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        partition = tenant_id, key

        def work(connection: sqlite3.Connection) -> Written:
            return Written(head, _following(etag), _put_head(connection, partition, head, etag))

        return (await self._write_head(partition, work))[1]

    async def _write_head(
        self, partition: tuple[str, str], work: Callable[[sqlite3.Connection], Written]
    ) -> tuple[Head, str]:
        written = await self._database.write(work, partial(self._written.note, partition))
        return written.head, written.etag

    async def read_beside(self, tenant_id: str, key: str, name: str) -> str | None:
        sql = "SELECT document FROM beside WHERE tenant_id = ? AND key = ? AND name = ?"
        rows = self._database.query(sql, (tenant_id, key, name))
        return str(rows[0]["document"]) if rows else None

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            partition = (tenant_id, key)
            held = connection.execute("SELECT etag FROM heads WHERE tenant_id = ? AND key = ?", partition).fetchone()
            if held is not None and held["etag"] != int(etag):
                raise HeadChanged
            for table in ("heads", "facts", "decisions", "warnings", "beside"):
                connection.execute(f"DELETE FROM {table} WHERE tenant_id = ? AND key = ?", partition)  # noqa: S608  # a constant

        await self._database.write(work, lambda _: self._written.drop((tenant_id, key)), forgets=True)

    async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
        sql = "SELECT at, fact_id, type FROM facts WHERE tenant_id = ? AND key = ? ORDER BY at, fact_id"
        rows = self._database.query(sql, (tenant_id, key))
        return [FactTime(datetime.fromisoformat(at), fact_id, event_type) for at, fact_id, event_type in rows]

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        sql = (
            "SELECT fact_id, event, at, received_at FROM facts"
            " WHERE tenant_id = ? AND key = ? AND fact_id IN (SELECT value FROM json_each(?))"
        )
        return [_fact_of(row) for row in self._database.query(sql, (tenant_id, key, json.dumps(list(fact_ids))))]

    async def heads(self, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
        return conversation_lists.page(self._database, tenant_id, selection, after, limit)

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        sql = "SELECT DISTINCT key FROM facts WHERE tenant_id = ? AND key > ? ORDER BY key LIMIT ?"
        return [row["key"] for row in self._database.query(sql, (tenant_id, after or "", limit))]

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Mapping[str, datetime]:
        rows = self._database.query(
            "SELECT key, attention_at FROM heads"
            " WHERE tenant_id = ? AND attention_at <= ? ORDER BY attention_at LIMIT ?",
            (tenant_id, _sortable(until), limit),
        )
        return {row["key"]: datetime.fromisoformat(row["attention_at"]) for row in rows}

    async def unposted(self, tenant_id: str, until: str, limit: int) -> Sequence[str]:
        sql = "SELECT key FROM heads WHERE tenant_id = ? AND unposted_month <= ? ORDER BY unposted_month LIMIT ?"
        return [row["key"] for row in self._database.query(sql, (tenant_id, until, limit))]


def _fact_of(row: sqlite3.Row) -> Fact:
    return read_fact(row["fact_id"], row["event"], row["at"], row["received_at"])


def _insert_facts(
    connection: sqlite3.Connection, partition: tuple[str, str], facts: Sequence[Fact], beside: Sequence[Beside]
) -> None:
    rows = []
    for fact in facts:
        document = write_fact(fact)
        rows.append((*partition, fact.id, document["at"], document["receivedAt"], fact.event.type, document["event"]))
    try:
        connection.executemany(
            "INSERT INTO facts (tenant_id, key, fact_id, at, received_at, type, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    except sqlite3.IntegrityError as taken:
        raise FactExists from taken
    connection.executemany(
        "INSERT OR REPLACE INTO beside (tenant_id, key, name, document) VALUES (?, ?, ?, ?)",
        [(*partition, one.name, one.text) for one in beside],
    )


def _put_decisions(connection: sqlite3.Connection, partition: tuple[str, str], conversation: Conversation) -> None:
    """Write the decisions that are new or other ones, and delete those that are not there any more."""
    count, known = conversation.decision_count, len(conversation.decisions)
    texts = dict(enumerate(map(write_decision, conversation.decisions), count - known))
    if conversation.has_all_decisions:
        sql = "SELECT number, document FROM decisions WHERE tenant_id = ? AND key = ?"
        stored = {row["number"]: row["document"] for row in connection.execute(sql, partition)}
        if len(stored) > count:
            sql = "DELETE FROM decisions WHERE tenant_id = ? AND key = ? AND number >= ?"
            connection.execute(sql, (*partition, count))
        texts = {number: text for number, text in texts.items() if stored.get(number) != text}
    connection.executemany(
        "INSERT OR REPLACE INTO decisions (tenant_id, key, number, document) VALUES (?, ?, ?, ?)",
        [(*partition, number, text) for number, text in texts.items()],
    )


def _put_head(connection: sqlite3.Connection, partition: tuple[str, str], head: Head, etag: str | None) -> int:
    """Create or replace the head. Returns the length of its document. Raises HeadChanged.

    A column that stays as it was is not set, so that no index of it is written.
    """
    one, document = listed(head), write_head(head)
    place = dict(zip(("tenant_id", "key"), partition, strict=True))
    columns = {
        **conversation_lists.columns(one),
        "attention_at": _sortable(head.attention_at) if head.attention_at else None,
        "unposted_month": head.unposted_month,
    }
    sql = f"SELECT etag, {', '.join(columns)} FROM heads WHERE tenant_id = :tenant_id AND key = :key"  # noqa: S608  # names of columns
    stored = connection.execute(sql, place).fetchone()
    if (str(stored["etag"]) if stored else None) != etag:
        raise HeadChanged
    written = {"etag": int(_following(etag)), "document": document}
    if stored is None:
        written |= columns | place
        sql = f"INSERT INTO heads ({', '.join(written)}) VALUES ({', '.join(f':{name}' for name in written)})"  # noqa: S608  # see above
    else:
        written |= {name: value for name, value in columns.items() if value != stored[name]}
        values = ", ".join(f"{name} = :{name}" for name in written)
        sql = f"UPDATE heads SET {values} WHERE tenant_id = :tenant_id AND key = :key"  # noqa: S608  # see above
    connection.execute(sql, written | place)
    conversation_lists.put_warnings(connection, *partition, one)
    return len(document)


def _following(etag: str | None) -> str:
    """The ETag of the head that replaces one with this ETag; None: of a first head."""
    return str(int(etag or 0) + 1)


def _sortable(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
