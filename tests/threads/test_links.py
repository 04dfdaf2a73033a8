"""A chat that gets another id stays the same thread, whichever of its two ids is heard of first."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from shared.errors import ThreadChanged
from shared.threads.links import LinkedThreads
from shared.threads.resolve import Beginning, Resolved, Threads
from shared.threads.span import Share
from shared.threads.thread import Thread, conversation_id, thread_key
from tests.builders import PSEUDONYMS
from tests.fakes import MemoryOverflow, MemoryThreads
from tests.threads.test_resolve import ANNA, CHANNEL, FIRST, SECOND, TEN, Bus, pseudonyms

OLD, NEW = CHANNEL, CHANNEL.model_copy(update={"thread_id": "-1004711"})
OF_NEW = conversation_id(NEW, thread_key(PSEUDONYMS, NEW), 1)


class Chat:
    """The threads of a chat that has two ids."""

    def __init__(self, store: MemoryThreads | None = None, linked: type[LinkedThreads] = LinkedThreads) -> None:
        self.store = store or MemoryThreads()
        self.links = linked(self.store, pseudonyms)
        self.threads = Threads(self.links, pseudonyms, Bus(), MemoryOverflow())

    async def said(self, channel: Any, after: float) -> str:
        """The conversation of a customer's line so many minutes after ten."""
        resolved: Resolved = await self.threads.resolve(
            "contoso", channel, TEN + timedelta(minutes=after), Beginning(ANNA)
        )
        return resolved.conversation_id

    async def link(self) -> None:
        await self.links.link("contoso", OLD, NEW)

    async def end(self, channel: Any, conversation: str, after: float) -> None:
        at = TEN + timedelta(minutes=after)
        await self.threads.share("contoso", channel, conversation, Share(revision=1, begins=TEN, closed_at=at), at)


async def check_that_a_linked_chat_goes_on(linked: type[LinkedThreads] = LinkedThreads) -> None:
    # given a conversation of the older id, which is going on
    chat = Chat(linked=linked)
    assert await chat.said(OLD, 0) == FIRST
    # when the chat gets another id, which both chats tell
    for _ in range(2):
        await chat.link()
    # then its lines are in the same conversation, and after its end in the thread's next one, under either id
    assert await chat.said(NEW, 5) == FIRST
    await chat.end(OLD, FIRST, 10)
    assert [await chat.said(channel, 20) for channel in (NEW, OLD, NEW)] == [SECOND] * 3
    # and a late retry finds the conversation of its time
    assert [await chat.said(channel, 3) for channel in (NEW, OLD)] == [FIRST] * 2
    assert await chat.threads.known("contoso", NEW) == [SECOND, FIRST]


async def test_a_linked_chat_goes_on() -> None:
    await check_that_a_linked_chat_goes_on()


@pytest.mark.parametrize("order", list(permutations(["old", "new", "link"])))
async def test_no_order_of_arrival_puts_a_line_into_two_conversations(order: Sequence[str]) -> None:
    # given a line of each id, and the link
    chat = Chat()

    async def old() -> str:
        return await chat.said(OLD, 0)

    async def new() -> str:
        return await chat.said(NEW, 5)

    steps: dict[str, Callable[[], Awaitable[object]]] = {"old": old, "new": new, "link": chat.link}
    # when they come in any order, and again
    first = {name: await steps[name]() for name in order}
    await chat.link()
    again = {name: await steps[name]() for name in order}
    # then each line is where it was, and later ones of either id are with the newest
    assert first == again
    assert await chat.said(NEW, 6) == await chat.said(OLD, 6) == first["new"]
    # and there are two conversations only where both ids had begun one before anybody could know
    assert (first["old"] == first["new"]) == (order[-1] != "link")


async def test_a_conversation_of_the_newer_id_ends_under_it() -> None:
    # given a conversation that began under the newer id, before the link
    chat = Chat()
    await chat.said(OLD, 0)
    assert await chat.said(NEW, 5) == OF_NEW
    await chat.link()
    # when it ends, then the next line begins another one, with a number of its own
    await chat.end(NEW, OF_NEW, 10)
    later = await chat.said(NEW, 11)
    assert later not in (FIRST, OF_NEW)
    assert await chat.said(NEW, 7) == OF_NEW


class Expiring(MemoryThreads):
    """Some documents are gone."""

    gone: frozenset[str] = frozenset()

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        return None if key in self.gone else await super().load(tenant_id, key)


async def test_a_link_whose_thread_is_gone_is_a_thread_of_its_own() -> None:
    # given a link, and a thread that expired
    chat = Chat(store := Expiring())
    await chat.said(NEW, 0)
    await chat.link()
    store.gone = frozenset([thread_key(PSEUDONYMS, OLD)])
    # when somebody writes, then that works, and no number of the newer id comes again
    assert await chat.said(NEW, 5) == OF_NEW.removesuffix("1") + "2"


class Crowded(MemoryThreads):
    """Somebody else saves the document of the newer id just before it is linked, once."""

    raced = False

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        if thread.same_as is not None and not self.raced:
            self.raced = True
            racing = Threads(self, pseudonyms, Bus(), MemoryOverflow())
            await racing.resolve("contoso", NEW, TEN + timedelta(minutes=5), Beginning(ANNA))
            with pytest.raises(ThreadChanged):
                await super().save(tenant_id, key, thread, etag)
            raise ThreadChanged
        await super().save(tenant_id, key, thread, etag)


async def test_a_line_that_comes_while_the_chat_is_linked_stays_where_it_is() -> None:
    chat = Chat(Crowded())
    await chat.said(OLD, 0)
    await chat.link()
    assert await chat.said(NEW, 5) == OF_NEW


class Touched(MemoryThreads):
    """Counts the writes of each document."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        await super().save(tenant_id, key, thread, etag)
        self.written.append(key)


async def test_a_link_expires_no_sooner_than_its_thread() -> None:
    # given a linked chat, when a conversation begins under the newer id
    chat = Chat(store := Touched())
    await chat.link()
    store.written.clear()
    await chat.said(NEW, 5)
    # then its link is written too, and a line that changes no document writes none
    assert thread_key(PSEUDONYMS, NEW) in store.written
    store.written.clear()
    await chat.said(NEW, 6)
    assert store.written == []
