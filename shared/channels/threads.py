"""Threads: a channel's endless chat is one conversation after another; here it is decided which one is meant.

The thread document is written first, then `conversation.started` is published with an id that derives from it, then the
conversation is marked as announced. A crash in between leaves it unannounced, and the next activity announces it again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.errors import ThreadChanged
from shared.events.bus import EventPublisher
from shared.events.catalog import ChannelReference, ConversationStarted, Customer, StartedData
from shared.events.envelope import format_time
from shared.retry import retrying
from shared.wire import WireModel, canonical_json

_LONGEST_PART = 80


class ThreadedConversation(WireModel):
    """One conversation of a thread. It lasts from `opened_at` until `closed_at`, both RFC 3339 times in UTC."""

    conversation_id: str
    opened_at: datetime
    customer: Customer
    closed_at: datetime | None = None
    announced: bool = False


class Thread(WireModel):
    """A channel's thread with its conversations, oldest first."""

    channel: ChannelReference
    conversations: tuple[ThreadedConversation, ...] = ()

    def holding(self, moment: datetime, *, begins: bool = True) -> ThreadedConversation | None:
        """The conversation that an activity of this moment belongs to: the first that was not over by then.

        What cannot begin a conversation (such as an end) belongs to the last one, where all are over.
        """
        held = next((c for c in self.conversations if c.closed_at is None or moment <= c.closed_at), None)
        return self.conversations[-1] if held is None and self.conversations and not begins else held

    def opening(
        self, moment: datetime, customer: Customer, *, begins: bool = True, announced: bool = False
    ) -> "Thread":
        """This thread with a conversation for the moment: a new one, or one that began earlier than was known."""
        held = self.holding(moment, begins=begins)
        if held is None:
            new = ThreadedConversation(
                conversation_id=conversation_id(self.channel, len(self.conversations) + 1),
                opened_at=moment,
                customer=customer,
                announced=announced,
            )
            return self.model_copy(update={"conversations": (*self.conversations, new)})
        earlier = begins and moment < held.opened_at
        if earlier or (announced and not held.announced):
            return self._replacing(held, {"opened_at": min(moment, held.opened_at), "announced": announced})
        return self

    def announcing(self, conversation: ThreadedConversation) -> "Thread":
        """This thread with the conversation marked as announced, unless its beginning moved meanwhile."""
        for known in self.conversations:
            same = (known.conversation_id, known.opened_at) == (conversation.conversation_id, conversation.opened_at)
            if same:
                return self._replacing(known, {"announced": True})
        return self

    def closing(self, conversation_id: str, moment: datetime) -> "Thread":
        """This thread with the conversation's interval closed, if it is still open."""
        for conversation in self.conversations:
            if conversation.conversation_id == conversation_id and conversation.closed_at is None:
                return self._replacing(conversation, {"closed_at": moment})
        return self

    def _replacing(self, old: ThreadedConversation, update: dict[str, object]) -> "Thread":
        new = old.model_copy(update=update)
        return self.model_copy(
            update={"conversations": tuple(new if c is old or c == old else c for c in self.conversations)}
        )


def thread_key(channel: ChannelReference) -> str:
    """SHA-256 (hex) of account, channel and native thread: two accounts never share a thread."""
    parts = [channel.account_id, channel.channel_id, channel.thread_id]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def conversation_id(channel: ChannelReference, number: int) -> str:
    """The id of a thread's n-th conversation: `account.channel.thread.n`.

    A part that is too long, or that could be taken for another one, is replaced by `~` and its SHA-256.
    """
    account, place = (_part(name, dots=False) for name in (channel.account_id, channel.channel_id))
    return f"{account}.{place}.{_part(channel.thread_id or '', dots=True)}.{number}"


def _part(text: str, *, dots: bool) -> str:
    plain = len(text) <= _LONGEST_PART and not text.startswith("~") and (dots or "." not in text)
    return text if plain else "~" + hashlib.sha256(text.encode()).hexdigest()


def started_event(tenant_id: str, channel: ChannelReference, conversation: ThreadedConversation) -> ConversationStarted:
    """The announcement of a thread's conversation: the same bytes, however often it is made."""
    time = format_time(conversation.opened_at)
    return ConversationStarted(
        specversion="1.0",
        id=f"started:{time}",
        source=f"/threads/{channel.account_id}/{channel.channel_id}",
        type="conversation.started",
        subject=conversation.conversation_id,
        time=time,
        tenantid=tenant_id,
        datacontenttype="application/json",
        data=StartedData(channel=channel, customer=conversation.customer),
    )


@dataclass(frozen=True)
class Resolved:
    """The conversation that an activity belongs to, and the id of its start where that was announced just now."""

    conversation_id: str
    announced: str | None


class ThreadStore(Protocol):
    """The port to the thread documents."""

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        """The thread and its ETag."""
        ...

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        """Create (etag None) or replace the document. Raises ThreadChanged if it is not as it was read."""
        ...


class Threads:
    """Resolves channels' threads to conversations, and announces those that begin."""

    def __init__(self, store: ThreadStore, publisher: EventPublisher) -> None:
        self._store = store
        self._publisher = publisher

    async def resolve(
        self,
        tenant_id: str,
        channel: ChannelReference,
        moment: datetime,
        customer: Customer,
        *,
        begins: bool = True,
        announce: bool = True,
    ) -> Resolved:
        """The conversation that holds the moment, opened and announced if need be.

        `begins`: whether a new conversation may begin with what happened; if not, it is not announced either, but waits
        for the activity that did begin it. `announce` is False for who brings the `conversation.started` itself.
        """

        def opening(thread: Thread) -> Thread:
            return thread.opening(moment, customer, begins=begins, announced=not announce)

        thread = await self._change(tenant_id, channel, opening)
        held = thread.holding(moment, begins=begins)
        assert held is not None, "a thread that was opened for a moment holds it"
        if held.announced or not begins:
            return Resolved(held.conversation_id, None)
        # The stored channel, not this activity's way of writing it: an announcement is always the same bytes.
        start = started_event(tenant_id, thread.channel, held)
        await self._publisher.publish(tenant_id, [start])
        await self._change(tenant_id, channel, lambda thread: thread.announcing(held))
        return Resolved(held.conversation_id, start.id)

    async def close(self, tenant_id: str, channel: ChannelReference, conversation_id: str, moment: datetime) -> None:
        """Close the conversation's interval; without effect where it is closed, or not one of this thread."""
        await self._change(tenant_id, channel, lambda thread: thread.closing(conversation_id, moment))

    async def _change(self, tenant_id: str, channel: ChannelReference, change: Callable[[Thread], Thread]) -> Thread:
        return await retrying(ThreadChanged, self._try_to_change, tenant_id, channel, change)

    async def _try_to_change(
        self, tenant_id: str, channel: ChannelReference, change: Callable[[Thread], Thread]
    ) -> Thread:
        key = thread_key(channel)
        loaded = await self._store.load(tenant_id, key)
        thread, etag = loaded or (Thread(channel=channel), None)
        changed = change(thread)
        if changed != thread:
            await self._store.save(tenant_id, key, changed, etag)
        return changed
