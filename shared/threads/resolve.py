"""Resolves a channel's thread to one of its conversations, and announces conversations that begin.

The thread document is written first, then `conversation.started` is published with an id that derives from it, then the
conversation is marked as announced. A crash in between leaves it unannounced, and the next activity announces it again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.errors import ThreadChanged
from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.conversation_event import Begins
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference, Customer
from shared.events.overflow import Overflow, carry
from shared.events.pseudonym import Pseudonyms
from shared.events.types.conversation_started import ConversationStarted
from shared.personal_data import Deleted, keeps
from shared.retry import retrying
from shared.threads.span import Share
from shared.threads.thread import Thread, ThreadedConversation, started_event, thread_key
from shared.wire import replace

IsRecordedIn = Callable[[str], Awaitable[bool]]
"""True if an activity is recorded already in the conversation of this id."""
PseudonymsOf = Callable[[str], Awaitable[Pseudonyms]]
"""Returns the pseudonyms of a tenant. Raises UnknownTenant."""


@dataclass(frozen=True)
class Beginning:
    """What an activity begins a conversation with, if it does.

    `context`: the variables that the conversation is announced with.
    """

    customer: Customer
    begins: Begins = "always"
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Resolved:
    """The conversation that an activity belongs to.

    `announced`: the id of its start, if that was published now. `previous`: the thread's conversation before it.
    """

    conversation_id: str
    announced: str | None
    previous: str | None = field(default=None, compare=False)


@keeps(
    "the channel's own id of the thread, such as a telephone number; the customer of each conversation",
    found_by="the thread's key, which stands in its conversations' ids",
    deleted=Deleted.WITH_ITS_CONVERSATION,
    stays="the channel's own id of the thread: on Azure until a month after the retention, on one machine for good",
)
class ThreadStore(Protocol):
    """The port to the documents of threads."""

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        """The thread and its ETag; None if there is none."""
        ...

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        """Create (etag None) or replace the document. Raises ThreadChanged if it changed since it was read."""
        ...


class Threads:
    """Resolves channels' threads to conversations, and announces those that begin."""

    def __init__(
        self, store: ThreadStore, pseudonyms: PseudonymsOf, publisher: EventPublisher, overflow: Overflow
    ) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._publisher = publisher
        self._overflow = overflow

    async def resolve(
        self,
        tenant_id: str,
        channel: ChannelReference,
        moment: datetime,
        beginning: Beginning,
        *,
        announce: bool = True,
        is_recorded_in: IsRecordedIn | None = None,
    ) -> Resolved:
        """The conversation that holds the moment. It is opened and announced if need be.

        `announce` is False if the caller has the `conversation.started` already. `is_recorded_in` is asked before a
        next conversation begins: what is recorded in the last one is sent again, and begins nothing.
        """

        begins = beginning.begins

        def opening(thread: Thread) -> Thread:
            if is_recorded_in and thread.conversations and thread.holding(moment, begins) is None:
                raise _NextBegins(thread.conversations[-1].conversation_id)
            return thread.opening(moment, beginning.customer, begins, beginning.context, announced=not announce)

        try:
            thread = await self._change(tenant_id, channel, opening)
        except _NextBegins as last:
            if is_recorded_in and await is_recorded_in(last.conversation_id):
                return Resolved(last.conversation_id, None)
            return await self.resolve(tenant_id, channel, moment, beginning, announce=announce)
        held = thread.holding(moment, begins)
        assert held is not None, "a thread that was opened for a moment holds it"
        # An end may open a conversation. It stays unannounced until the activity that began it arrives.
        announced = await self._announce(tenant_id, thread, held) if begins != "never" else None
        number = thread.conversations.index(held)
        previous = thread.conversations[number - 1].conversation_id if number else None
        return Resolved(held.conversation_id, announced, previous)

    async def known(self, tenant_id: str, channel: ChannelReference) -> Sequence[str]:
        """The ids of the thread's conversations, the newest first."""
        loaded = await self._store.load(tenant_id, thread_key(await self._pseudonyms(tenant_id), channel))
        return [conversation.conversation_id for conversation in loaded[0].conversations[::-1]] if loaded else []

    async def register(self, tenant_id: str, event: ConversationStarted, moment: datetime) -> None:
        """Add a conversation that began at the moment, with an id of its own, to its channel's thread.

        So activities of the thread find it.
        """
        channel, subject = event.data.channel, event.subject
        if channel.thread_id is None or subject is None:
            return
        begun = ThreadedConversation(
            conversation_id=subject, opened_at=moment, customer=event.data.customer, announced=True
        )
        await self._change(tenant_id, channel, lambda thread: thread.registering(begun))

    async def _announce(self, tenant_id: str, thread: Thread, conversation: ThreadedConversation) -> str | None:
        """Publish the conversation's start, unless it is announced. The id of the start if it was published."""
        if conversation.announced:
            return None
        # The stored channel, not this activity's spelling of it: an announcement is always the same bytes.
        start = started_event(tenant_id, thread.channel, conversation)
        await self._publisher.publish(tenant_id, [start])
        await self._change(tenant_id, thread.channel, lambda known: known.announcing(conversation))
        return start.id

    async def follow_up(
        self, tenant_id: str, channel: ChannelReference, ended: ThreadedConversation, event: Event, moment: datetime
    ) -> None:
        """Repeat an event, which counts at `moment`, in the conversation after `ended`, which did not know of it.

        The next conversation is opened once, however many events follow. If there is no thread yet, `ended` is its
        first conversation. The event keeps its source and id, so it is recorded once, however often it is repeated.
        """
        thread = await self._change(tenant_id, channel, lambda known: known.following(ended, moment))
        ids = [conversation.conversation_id for conversation in thread.conversations]
        following = thread.conversations[ids.index(ended.conversation_id) + 1]
        await self._announce(tenant_id, thread, following)
        repeated = replace(event, subject=following.conversation_id)
        # Each conversation is forgotten at its own time, so each has its own copy of the contents.
        await carry(self._overflow, tenant_id, conversation_key(event.subject or ""), repeated)
        await self._publisher.publish(tenant_id, [repeated])

    async def share(
        self, tenant_id: str, channel: ChannelReference, conversation_id: str, share: Share, now: datetime
    ) -> tuple[Thread, Thread]:
        """Note what the conversation tells of itself, as `Thread.sharing` does. The thread before and after it."""
        return await retrying(
            ThreadChanged,
            self._try_to_change,
            tenant_id,
            channel,
            lambda thread: thread.sharing(conversation_id, share, now),
        )

    async def tell_again(
        self, tenant_id: str, channel: ChannelReference, conversation_id: str, now: datetime
    ) -> ThreadedConversation | None:
        """The conversation, with one telling more of what it counts as; None if it is not in this thread any more."""
        thread = await self._change(tenant_id, channel, lambda known: known.telling_again(conversation_id, now))
        return thread.named(conversation_id)

    async def forget(self, tenant_id: str, channel: ChannelReference, conversation_id: str) -> None:
        """Remove the conversation from its thread. Does nothing if it is not in this thread."""
        await self._change(tenant_id, channel, lambda thread: thread.forgetting(conversation_id))

    async def _change(self, tenant_id: str, channel: ChannelReference, change: Callable[[Thread], Thread]) -> Thread:
        _, after = await retrying(ThreadChanged, self._try_to_change, tenant_id, channel, change)
        return after

    async def _try_to_change(
        self, tenant_id: str, channel: ChannelReference, change: Callable[[Thread], Thread]
    ) -> tuple[Thread, Thread]:
        """The thread before and after the change. Raises ThreadChanged."""
        key = thread_key(await self._pseudonyms(tenant_id), channel)
        loaded = await self._store.load(tenant_id, key)
        thread, etag = loaded or (Thread(key=key, channel=channel), None)
        changed = change(thread)
        if changed != thread:
            await self._store.save(tenant_id, key, changed, etag)
        return thread, changed


class _NextBegins(Exception):
    """Raised where an activity would begin a thread's next conversation. Names the last one."""

    def __init__(self, conversation_id: str) -> None:
        super().__init__(conversation_id)
        self.conversation_id = conversation_id
