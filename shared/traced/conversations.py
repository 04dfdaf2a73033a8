"""The conversations' store, the threads' store and the archive, each call a span."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.conversations.fact import Fact
from shared.conversations.ports import ConversationStore, FactExists, Head, HeadPage, Loaded
from shared.effects.archive import Archive, PartExists
from shared.errors import HeadChanged, ThreadChanged
from shared.threads.resolve import ThreadStore
from shared.threads.thread import Thread
from shared.traced.calls import Calls


@dataclass(frozen=True)
class TracedConversations:
    """A ConversationStore."""

    store: ConversationStore
    calls: Calls

    async def load(self, tenant_id: str, key: str) -> Loaded:
        with self.calls.call("load", tenant_id, key):
            return await self.store.load(tenant_id, key)

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        with self.calls.call("read_head", tenant_id, key):
            return await self.store.read_head(tenant_id, key)

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        with self.calls.call("read_fact", tenant_id, key):
            return await self.store.read_fact(tenant_id, key, fact_id)

    async def append(self, tenant_id: str, key: str, fact: Fact) -> None:
        with self.calls.call("append", tenant_id, key, expected=(FactExists,)):
            await self.store.append(tenant_id, key, fact)

    async def commit(self, tenant_id: str, key: str, fact: Fact | None, head: Head, etag: str | None) -> str:
        with self.calls.call("commit", tenant_id, key, expected=(FactExists, HeadChanged)):
            return await self.store.commit(tenant_id, key, fact, head, etag)

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        with self.calls.call("save_head", tenant_id, key, expected=(HeadChanged,)):
            return await self.store.save_head(tenant_id, key, head, etag)

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        with self.calls.call("delete", tenant_id, key, expected=(HeadChanged,)):
            await self.store.delete(tenant_id, key, etag)

    async def heads(self, tenant_id: str, filters: Mapping[str, str], after: str | None, limit: int) -> HeadPage:
        with self.calls.call("heads", tenant_id):
            return await self.store.heads(tenant_id, filters, after, limit)

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        with self.calls.call("keys", tenant_id):
            return await self.store.keys(tenant_id, after, limit)

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Sequence[str]:
        with self.calls.call("due", tenant_id):
            return await self.store.due(tenant_id, until, limit)


@dataclass(frozen=True)
class TracedThreads:
    """A ThreadStore."""

    store: ThreadStore
    calls: Calls

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        with self.calls.call("load", tenant_id):
            return await self.store.load(tenant_id, key)

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        with self.calls.call("save", tenant_id, expected=(ThreadChanged,)):
            await self.store.save(tenant_id, key, thread, etag)


@dataclass(frozen=True)
class TracedArchive:
    """An Archive."""

    archive: Archive
    calls: Calls

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        with self.calls.call("add", tenant_id, key, expected=(PartExists,)):
            await self.archive.add(tenant_id, key, part, document)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        with self.calls.call("parts", tenant_id, key):
            return await self.archive.parts(tenant_id, key)

    async def delete(self, tenant_id: str, key: str) -> None:
        with self.calls.call("delete", tenant_id, key):
            await self.archive.delete(tenant_id, key)
