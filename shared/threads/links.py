"""Links of threads: a channel may give a chat another id, under which it stays the same thread.

The document of the newer id names the older one's key (`same_as`), and has no conversations of its own.
"""

from dataclasses import dataclass

from shared.errors import ThreadChanged
from shared.events.data import ChannelReference
from shared.retry import retrying
from shared.threads.resolve import PseudonymsOf, ThreadStore
from shared.threads.thread import Thread, thread_key
from shared.wire import replace


@dataclass(frozen=True)
class LinkedThreads:
    """Implements `ThreadStore` on another one: whoever asks by a newer id gets the thread of the older one."""

    store: ThreadStore
    pseudonyms: PseudonymsOf

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        loaded = await self.store.load(tenant_id, key)
        if loaded is None or loaded[0].same_as is None:
            return loaded
        # What was linked may have expired. Then the newer id is a thread of its own.
        return await self.store.load(tenant_id, loaded[0].same_as) or (replace(loaded[0], same_as=None), loaded[1])

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        await self.store.save(tenant_id, thread.key, thread, etag)
        if thread.key != key:
            await self._keep(tenant_id, key)

    async def link(self, tenant_id: str, older: ChannelReference, newer: ChannelReference) -> None:
        """From now on `newer` is the same thread as `older`. Conversations that it has already join the older ones.

        A crash in between leaves them in both, and the next try finds them. Doing it twice does no harm.
        """
        await retrying(ThreadChanged, self._try_to_link, tenant_id, older, newer)

    async def _try_to_link(self, tenant_id: str, older: ChannelReference, newer: ChannelReference) -> None:
        pseudonyms = await self.pseudonyms(tenant_id)
        key, newer_key = thread_key(pseudonyms, older), thread_key(pseudonyms, newer)
        linked = await self.store.load(tenant_id, newer_key)
        found = await self.load(tenant_id, key)
        thread, etag = found or (Thread(key=key, channel=older), None)
        if thread.key == newer_key or (linked and linked[0].same_as):
            return
        own = linked[0] if linked else Thread(key=newer_key, channel=newer)
        joined = thread.joining(own)
        if joined != thread or etag is None:
            await self.store.save(tenant_id, thread.key, joined, etag)
        # Its numbers are not used again, should it be a thread of its own one day.
        gone = own.forgotten + len(own.conversations)
        link = Thread(key=newer_key, channel=newer, same_as=thread.key, forgotten=gone)
        await self.store.save(tenant_id, newer_key, link, linked[1] if linked else None)

    async def _keep(self, tenant_id: str, key: str) -> None:
        """Write the link again, which expires like a thread when it is not written for long."""
        link = await self.store.load(tenant_id, key)
        if link is not None:
            try:
                await self.store.save(tenant_id, key, *link)
            except ThreadChanged:
                # Somebody else has just written it.
                return
