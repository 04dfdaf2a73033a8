"""What every ThreadStore promises: a thread's document, guarded by its ETag."""

import asyncio

import pytest

from shared.errors import ThreadChanged
from shared.events.data import ChannelReference, Customer
from shared.events.envelope import parse_time
from shared.threads.resolve import ThreadStore
from shared.threads.thread import Thread, ThreadedConversation

TENANT, KEY = "contoso", "k1"
CHANNEL = ChannelReference(account_id="contoso-chat", channel_id="webchat", thread_id="t|1 👋\x00")


def thread(*ids: str) -> Thread:
    """A thread with conversations, of which all but the last are over."""
    return Thread(
        key=KEY,
        channel=CHANNEL,
        conversations=tuple(
            ThreadedConversation(
                conversation_id=one,
                opened_at=parse_time("2026-10-05T10:00:00.123456Z"),
                customer=Customer(id="customer-1", name="Zoë", locale="en-US"),
                closed_at=None if one == ids[-1] else parse_time("2026-10-05T11:00:00Z"),
                announced=one != ids[-1],
            )
            for one in ids
        ),
    )


async def loaded(store: ThreadStore, tenant_id: str = TENANT, key: str = KEY) -> tuple[Thread, str]:
    found = await store.load(tenant_id, key)
    assert found is not None
    return found


async def test_a_thread_that_was_never_saved_is_not_there(threads: ThreadStore) -> None:
    assert await threads.load(TENANT, KEY) is None


async def test_a_saved_thread_comes_back_equal(threads: ThreadStore) -> None:
    saved = thread("first", "second")
    await threads.save(TENANT, KEY, saved, None)
    assert (await loaded(threads))[0] == saved


async def test_a_thread_is_replaced_by_who_read_it_last(threads: ThreadStore) -> None:
    # Given a thread that was read, and replaced once
    await threads.save(TENANT, KEY, thread("first"), None)
    _, first = await loaded(threads)
    await threads.save(TENANT, KEY, thread("first", "second"), first)
    # When somebody still holds the old ETag, then he is refused; with the new one he is not
    with pytest.raises(ThreadChanged):
        await threads.save(TENANT, KEY, thread("first", "other"), first)
    current, second = await loaded(threads)
    assert (current, second == first) == (thread("first", "second"), False)
    await threads.save(TENANT, KEY, thread("first", "second", "third"), second)
    assert (await loaded(threads))[0] == thread("first", "second", "third")


async def test_a_thread_is_created_once(threads: ThreadStore) -> None:
    await threads.save(TENANT, KEY, thread("first"), None)
    with pytest.raises(ThreadChanged):
        await threads.save(TENANT, KEY, thread("other"), None)
    assert (await loaded(threads))[0] == thread("first")


async def test_a_thread_that_is_not_there_cannot_be_replaced(threads: ThreadStore) -> None:
    await threads.save(TENANT, KEY, thread("first"), None)
    _, etag = await loaded(threads)
    with pytest.raises(ThreadChanged):
        await threads.save(TENANT, "k2", thread("other"), etag)
    assert await threads.load(TENANT, "k2") is None


async def test_of_savers_at_once_one_wins(threads: ThreadStore) -> None:
    # Given ten handlers that found no thread, then ten that read the same
    for etag in (None, "read"):
        known = (await loaded(threads))[1] if etag else None
        saves = [threads.save(TENANT, KEY, thread(f"{etag} {n}"), known) for n in range(10)]
        # When they save at once
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
        # Then one of them did
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["ThreadChanged"] * 9
        assert (await loaded(threads))[0] == thread(f"{etag} {outcomes.index(None)}")


async def test_tenants_never_see_each_others_threads(threads: ThreadStore) -> None:
    await threads.save(TENANT, KEY, thread("ours"), None)
    assert await threads.load("fabrikam", KEY) is None
    await threads.save("fabrikam", KEY, thread("theirs"), None)
    assert (await loaded(threads))[0] == thread("ours")
    assert (await loaded(threads, "fabrikam"))[0] == thread("theirs")
