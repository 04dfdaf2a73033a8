"""Threads: a channel's endless chat is one conversation after another; here it is decided which one is meant.

The thread document is written first, then `conversation.started` is published with an id that derives from it, then the
conversation is marked as announced. A crash in between leaves it unannounced, and the next activity announces it again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.errors import ThreadChanged
from shared.events.bus import EventPublisher
from shared.events.catalog import ChannelReference, ConversationStarted, Customer, Event, StartedData
from shared.events.codec import stored_event
from shared.events.envelope import format_time
from shared.retry import retrying
from shared.wire import WireModel, canonical_json

Begins = Literal["always", "ifFirst", "never"]
"""Whether a conversation begins with an activity: a customer's always does, where none is going on; a bot's or an
agent's only as the thread's first; an end never does."""

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

    def holding(self, moment: datetime, begins: Begins = "always") -> ThreadedConversation | None:
        """The conversation that an activity of this moment belongs to: the first that was not over by then.

        What cannot begin another conversation belongs, after the last one's end, to the last that had begun by then.
        """
        held = next((c for c in self.conversations if c.closed_at is None or moment <= c.closed_at), None)
        if begins == "always" or not self.conversations:
            return held
        begun = [c for c in self.conversations if c.opened_at <= moment]
        return held if held and (held in begun or not begun) else (begun or self.conversations)[-1]

    def opening(
        self, moment: datetime, customer: Customer, begins: Begins = "always", *, announced: bool = False
    ) -> "Thread":
        """This thread with a conversation for the moment: a new one, or one that began earlier than was known."""
        held = self.holding(moment, begins)
        if held is None:
            new = ThreadedConversation(
                conversation_id=conversation_id(self.channel, len(self.conversations) + 1),
                opened_at=moment,
                customer=customer,
                announced=announced,
            )
            return self.model_copy(update={"conversations": (*self.conversations, new)})
        earlier = begins != "never" and moment < held.opened_at
        if earlier or (announced and not held.announced):
            return self._replacing(held, {"opened_at": min(moment, held.opened_at), "announced": announced})
        return self

    def registering(self, conversation: ThreadedConversation) -> "Thread":
        """This thread with a conversation that somebody else began and named, unless it is known."""
        if any(known.conversation_id == conversation.conversation_id for known in self.conversations):
            return self
        ordered = sorted((*self.conversations, conversation), key=lambda known: known.opened_at)
        return self.model_copy(update={"conversations": tuple(ordered)})

    def announcing(self, conversation: ThreadedConversation) -> "Thread":
        """This thread with the conversation marked as announced, unless its beginning moved meanwhile."""
        for known in self.conversations:
            same = (known.conversation_id, known.opened_at) == (conversation.conversation_id, conversation.opened_at)
            if same:
                return self._replacing(known, {"announced": True})
        return self

    def following(self, ended: ThreadedConversation, moment: datetime) -> "Thread":
        """This thread with a conversation after the ended one, begun at the moment or before."""
        ids = [conversation.conversation_id for conversation in self.conversations]
        if ended.conversation_id not in ids:
            return self.model_copy(update={"conversations": (*self.conversations, ended)}).following(ended, moment)
        place = ids.index(ended.conversation_id) + 1
        if place < len(ids):
            following = self.conversations[place]
            earlier = {"opened_at": moment, "announced": False}
            return self._replacing(following, earlier) if moment < following.opened_at else self
        new = ThreadedConversation(
            conversation_id=conversation_id(self.channel, len(ids) + 1), opened_at=moment, customer=ended.customer
        )
        closed = self.closing(ended.conversation_id, ended.closed_at or moment)
        return closed.model_copy(update={"conversations": (*closed.conversations, new)})

    def closing(self, conversation_id: str, moment: datetime) -> "Thread":
        """This thread with the conversation's interval closed, or closed earlier while no other one follows it."""
        for conversation in self.conversations:
            if conversation.conversation_id == conversation_id:
                last, closed_at = conversation is self.conversations[-1], conversation.closed_at
                if closed_at is None or (last and moment < closed_at):
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
        begins: Begins = "always",
        *,
        announce: bool = True,
    ) -> Resolved:
        """The conversation that holds the moment, opened and announced if need be.

        `announce` is False for who brings the `conversation.started` itself.
        """

        def opening(thread: Thread) -> Thread:
            return thread.opening(moment, customer, begins, announced=not announce)

        thread = await self._change(tenant_id, channel, opening)
        held = thread.holding(moment, begins)
        assert held is not None, "a thread that was opened for a moment holds it"
        # What begins nothing waits, unannounced, for the activity that did begin the conversation.
        announced = await self._announce(tenant_id, thread, held) if begins != "never" else None
        return Resolved(held.conversation_id, announced)

    async def known(self, tenant_id: str, channel: ChannelReference) -> Sequence[str]:
        """The ids of the thread's conversations, the newest first."""
        loaded = await self._store.load(tenant_id, thread_key(channel))
        return [conversation.conversation_id for conversation in loaded[0].conversations[::-1]] if loaded else []

    async def register(self, tenant_id: str, event: ConversationStarted) -> None:
        """Note a conversation that began under an id of its own in its channel's thread, so that others find it."""
        channel, subject = event.data.channel, event.subject
        if channel.thread_id is None or subject is None:
            return
        begun = ThreadedConversation(
            conversation_id=subject, opened_at=event.moment, customer=event.data.customer, announced=True
        )
        await self._change(tenant_id, channel, lambda thread: thread.registering(begun))

    async def _announce(self, tenant_id: str, thread: Thread, conversation: ThreadedConversation) -> str | None:
        """Publish the conversation's start, unless that was done; the id of what was published."""
        if conversation.announced:
            return None
        # The stored channel, not this activity's way of writing it: an announcement is always the same bytes.
        start = started_event(tenant_id, thread.channel, conversation)
        await self._publisher.publish(tenant_id, [start])
        await self._change(tenant_id, thread.channel, lambda known: known.announcing(conversation))
        return start.id

    async def follow_up(
        self, tenant_id: str, channel: ChannelReference, ended: ThreadedConversation, event: Event, moment: datetime
    ) -> None:
        """Repeat an event, which counts as of the moment, in the conversation after one that did not know of it.

        The next conversation is opened once, however many events follow; where nobody opened a thread, the ended
        conversation is its first. Repeated with the same source and id, an event is recorded there once.
        """
        thread = await self._change(tenant_id, channel, lambda known: known.following(ended, moment))
        ids = [conversation.conversation_id for conversation in thread.conversations]
        following = thread.conversations[ids.index(ended.conversation_id) + 1]
        await self._announce(tenant_id, thread, following)
        repeated = event.model_copy(update={"subject": following.conversation_id})
        # Read anew: a copy would keep the identity that was computed with the subject of old.
        await self._publisher.publish(tenant_id, [stored_event(repeated.to_json())])

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
