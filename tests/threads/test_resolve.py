"""Threads: a channel's endless chat is one conversation after another, and every activity finds its own."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.catalog import Event
from shared.events.codec import decode_event, encode_event
from shared.events.data import ChannelReference, Customer
from shared.events.envelope import parse_time
from shared.events.pseudonym import Pseudonyms
from shared.threads.resolve import Beginning, Resolved, Threads
from shared.threads.span import Share
from shared.threads.thread import (
    MOST_CONVERSATIONS,
    Thread,
    ThreadedConversation,
    conversation_id,
    started_event,
    thread_key,
)
from tests.builders import PSEUDONYMS
from tests.fakes import MemoryOverflow, MemoryThreads

CHANNEL = ChannelReference(account_id="contoso-telegram", channel_id="telegram", thread_id="4711")
ANNA = Customer(id="anna", name="Anna")
TEN = parse_time("2026-10-05T10:00:00Z")
KEY = thread_key(PSEUDONYMS, CHANNEL)
FIRST, SECOND = f"contoso-telegram.telegram.{KEY}.1", f"contoso-telegram.telegram.{KEY}.2"


async def pseudonyms(_: str) -> Pseudonyms:
    return PSEUDONYMS


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class Bus:
    """An EventPublisher that keeps what it was given as bytes; while `away`, it takes nothing."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.away = False

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        if self.away:
            raise ConnectionError
        self.bodies += [encode_event(event) for event in events]


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def threads(bus: Bus) -> Threads:
    return Threads(MemoryThreads(), pseudonyms, bus, MemoryOverflow())


async def resolve(threads: Threads, after: float, channel: ChannelReference = CHANNEL, **how: Any) -> Resolved:
    """What an activity of the tenant contoso, some minutes after ten, belongs to."""
    given = {name: how.pop(name) for name in ("begins", "context") if name in how}
    return await threads.resolve("contoso", channel, TEN + minutes(after), Beginning(ANNA, **given), **how)


async def close(threads: Threads, conversation: str, after: float) -> None:
    at = TEN + minutes(after)
    await threads.share("contoso", CHANNEL, conversation, Share(revision=1, begins=TEN, closed_at=at), at)


async def test_one_conversation_follows_another(threads: Threads, bus: Bus) -> None:
    # given a customer's first line, and a second one
    assert await resolve(threads, 0) == Resolved(FIRST, "started:2026-10-05T10:00:00Z")
    assert await resolve(threads, 5) == Resolved(FIRST, None)
    # when the conversation has ended, and the customer writes again
    await close(threads, FIRST, 10)
    # then the thread's next conversation begins, and each was announced once
    assert await resolve(threads, 11) == Resolved(SECOND, "started:2026-10-05T10:11:00Z")
    assert await resolve(threads, 12) == Resolved(SECOND, None)
    assert [json.loads(body)["subject"] for body in bus.bodies] == [FIRST, SECOND]


RETRIES = [(0, FIRST), (5, FIRST), (10, FIRST), (10.5, SECOND), (20, SECOND), (60, SECOND)]


@pytest.mark.parametrize(("after", "conversation"), RETRIES)
async def test_a_late_retry_finds_the_conversation_of_its_time(
    threads: Threads, after: float, conversation: str
) -> None:
    # given a conversation from ten to ten past, and a second one from twenty past on
    await resolve(threads, 0)
    await close(threads, FIRST, 10)
    await resolve(threads, 20)
    # when an activity comes late, then it belongs to the first conversation that was not over at its time
    assert (await resolve(threads, after)).conversation_id == conversation


async def test_an_earlier_activity_moves_the_beginning(threads: Threads, bus: Bus) -> None:
    # given a conversation that was announced
    first = await resolve(threads, 5)
    # when one of an earlier time arrives
    second = await resolve(threads, 0)
    # then it is of the same conversation, whose earlier beginning is announced under its own id, once
    assert first == Resolved(FIRST, "started:2026-10-05T10:05:00Z")
    assert second == Resolved(FIRST, "started:2026-10-05T10:00:00Z")
    assert await resolve(threads, 0) == Resolved(FIRST, None)
    assert [json.loads(body)["time"] for body in bus.bodies] == ["2026-10-05T10:05:00Z", "2026-10-05T10:00:00Z"]


OTHERS = [{"account_id": "fabrikam"}, {"channel_id": "web"}, {"thread_id": "4712"}, {"thread_id": None}]


@pytest.mark.parametrize("other", OTHERS)
async def test_accounts_channels_and_threads_never_share(threads: Threads, other: dict[str, Any]) -> None:
    # given a conversation in one thread
    await resolve(threads, 0)
    # when something happens in another account, channel or thread
    resolved = await resolve(threads, 0, CHANNEL.model_copy(update=other))
    # then it is another conversation, which is announced too
    assert (resolved.conversation_id != FIRST, resolved.announced) == (True, "started:2026-10-05T10:00:00Z")


async def test_tenants_never_share_a_thread(threads: Threads, bus: Bus) -> None:
    # given a conversation of one tenant
    await resolve(threads, 0)
    # when another tenant has a thread of the same names, then that has a conversation of its own
    assert (await threads.resolve("fabrikam", CHANNEL, TEN, Beginning(ANNA))).announced is not None
    assert [json.loads(body)["tenantid"] for body in bus.bodies] == ["contoso", "fabrikam"]


async def test_what_could_not_be_announced_is_announced_with_the_next_activity(threads: Threads, bus: Bus) -> None:
    # given a bus that is away when a conversation begins
    bus.away = True
    with pytest.raises(ConnectionError):
        await resolve(threads, 0)
    bus.away = False
    # when the next activity arrives, then the conversation is announced, with its own beginning
    assert await resolve(threads, 5) == Resolved(FIRST, "started:2026-10-05T10:00:00Z")
    assert await resolve(threads, 6) == Resolved(FIRST, None)
    assert len(bus.bodies) == 1


class Forgetful(MemoryThreads):
    """A store that loses the mark that a conversation was announced, as a crash after publishing does."""

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        if not any(one.announced for one in thread.conversations):
            await super().save(tenant_id, key, thread, etag)


async def test_an_announcement_is_repeated_with_the_same_bytes(bus: Bus) -> None:
    # given a process that crashes each time between publishing and remembering it
    threads = Threads(Forgetful(), pseudonyms, bus, MemoryOverflow())
    # when more activities arrive, of another time and with another name of the customer
    await resolve(threads, 0)
    await threads.resolve("contoso", CHANNEL, TEN + minutes(5), Beginning(Customer(id="anna", name="Anna B.")))
    # then what is published again is the same event, byte for byte
    assert bus.bodies[0] == bus.bodies[1]


async def test_a_conversation_is_announced_with_the_variables_of_what_began_it(bus: Bus) -> None:
    # given a process that crashes each time between publishing and remembering it
    threads = Threads(Forgetful(), pseudonyms, bus, MemoryOverflow())
    await resolve(threads, 0, context={"Topic": "Cards"})
    # when a later activity comes with other variables, then the announcement is repeated with the same bytes
    await resolve(threads, 5, context={"Topic": "Loans"})
    assert len(bus.bodies) == 2
    assert len(set(bus.bodies)) == 1
    assert json.loads(bus.bodies[0])["data"]["contextVariables"] == {"Topic": "Cards"}
    # and when an earlier one comes, then the conversation begins with its own
    await resolve(threads, -5, context={"Topic": "Loans"})
    assert json.loads(bus.bodies[2])["data"]["contextVariables"] == {"Topic": "Loans"}


async def test_variables_are_kept_no_longer_than_until_they_are_announced(bus: Bus) -> None:
    store = MemoryThreads()
    await resolve(Threads(store, pseudonyms, bus, MemoryOverflow()), 0, context={"Topic": "Cards"})
    loaded = await store.load("contoso", KEY)
    assert loaded is not None
    assert [one.context_variables for one in loaded[0].conversations] == [{}]


async def test_an_announcement_does_not_depend_on_how_a_later_event_writes_its_channel(bus: Bus) -> None:
    # given a crash after publishing, and a next event whose data.channel has a member that nobody knows
    threads = Threads(Forgetful(), pseudonyms, bus, MemoryOverflow())
    await resolve(threads, 0)
    await resolve(threads, 5, ChannelReference.model_validate({**CHANNEL.model_dump(by_alias=True), "topic": "x"}))
    # then the announcement is the same, or its identity would be in conflict
    assert bus.bodies[0] == bus.bodies[1]


async def test_only_an_open_conversation_of_the_thread_is_closed(bus: Bus) -> None:
    # given a conversation that was closed, while the thread's next one was not
    store = MemoryThreads()
    threads = Threads(store, pseudonyms, bus, MemoryOverflow())
    await resolve(threads, 0)
    await close(threads, SECOND, 5)
    await close(threads, FIRST, 10)
    assert (await resolve(threads, 10)).conversation_id == FIRST
    closed = await store.load("contoso", KEY)
    # when it is closed again, at the same revision
    await close(threads, FIRST, 15)
    # then nothing changes, and a thread that nobody knows is not made up
    assert await store.load("contoso", KEY) == closed
    await threads.share("fabrikam", CHANNEL, FIRST, Share(revision=1, begins=TEN, closed_at=TEN), TEN)
    assert await store.load("fabrikam", KEY) is None


async def test_what_cannot_begin_a_conversation_waits_for_what_does(threads: Threads, bus: Bus) -> None:
    # given an end that arrives before anything else of its conversation
    assert await resolve(threads, 10, begins="never") == Resolved(FIRST, None)
    assert bus.bodies == []
    # when the customer's line from before the end arrives, then its conversation is that one, which is announced now
    assert await resolve(threads, 0) == Resolved(FIRST, "started:2026-10-05T10:00:00Z")


async def test_what_cannot_begin_a_conversation_belongs_to_the_last_one(threads: Threads, bus: Bus) -> None:
    # given a conversation that has ended
    await resolve(threads, 0)
    await close(threads, FIRST, 10)
    # when the channel says once more that it has ended, or that it had ended before it began
    # then no other conversation begins, and the beginning stays
    for after in (11, -5, 0):
        assert await resolve(threads, after, begins="never") == Resolved(FIRST, None)
    assert await resolve(threads, 0) == Resolved(FIRST, None)
    assert len(bus.bodies) == 1


async def test_who_brings_the_start_needs_no_announcement(threads: Threads, bus: Bus) -> None:
    # given a conversation.started that names its thread only
    assert await resolve(threads, 0, announce=False) == Resolved(FIRST, None)
    assert await resolve(threads, 5) == Resolved(FIRST, None)  # more happens, and nothing is announced
    assert bus.bodies == []


async def test_who_brings_the_start_later_needs_no_announcement_either(threads: Threads, bus: Bus) -> None:
    # given a conversation that waits for its beginning
    await resolve(threads, 0, begins="never")
    # when its conversation.started comes, then nobody else announces it
    assert await resolve(threads, 1, announce=False) == Resolved(FIRST, None)
    assert await resolve(threads, 1.5) == Resolved(FIRST, None)
    assert bus.bodies == []


class Raced(MemoryThreads):
    """A store where another process resolves the same activity between reading and saving, once."""

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self.other: Threads | None = Threads(self, pseudonyms, bus, MemoryOverflow())

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        other, self.other = self.other, None
        if other:
            await other.resolve("contoso", CHANNEL, TEN + minutes(1), Beginning(ANNA))
        await super().save(tenant_id, key, thread, etag)


async def test_two_activities_at_the_same_time_are_of_one_conversation(bus: Bus) -> None:
    # given two processes that see a thread's first activities at once
    threads = Threads(Raced(bus), pseudonyms, bus, MemoryOverflow())
    # when both resolve theirs
    # then there is one conversation, which begins with the earlier activity
    assert await resolve(threads, 0) == Resolved(FIRST, "started:2026-10-05T10:00:00Z")
    assert {json.loads(body)["subject"] for body in bus.bodies} == {FIRST}


def test_a_beginning_that_moved_meanwhile_is_not_marked_as_announced() -> None:
    # given an announcement of a beginning that moved before it was remembered
    thread = Thread(key=KEY, channel=CHANNEL).opening(TEN + minutes(5), ANNA)
    [announced] = thread.conversations
    moved = thread.opening(TEN, ANNA)
    # when it is remembered, then the earlier beginning still waits for its own
    assert moved.announcing(announced) == moved
    [waiting] = moved.conversations
    assert moved.announcing(waiting).conversations[0].announced


def test_a_conversation_that_was_closed_meanwhile_is_marked_as_announced() -> None:
    # given an announcement of a conversation that was closed before it was remembered
    thread = Thread(key=KEY, channel=CHANNEL).opening(TEN, ANNA)
    [announced] = thread.conversations
    closed = thread.closing(FIRST, TEN + minutes(10))
    # when it is remembered, then it is marked, for its beginning is the one that was announced
    assert closed.announcing(announced).conversations[0].announced


def channel_of(account_id: str, channel_id: str, thread_id: str) -> ChannelReference:
    return ChannelReference(account_id=account_id, channel_id=channel_id, thread_id=thread_id)


def id_of(channel: ChannelReference, number: int) -> str:
    return conversation_id(channel, thread_key(PSEUDONYMS, channel), number)


IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z") | st.sampled_from(["a", "a-1", "1", "x" * 64])
NATIVE = st.text(min_size=1, max_size=120) | st.sampled_from(["1", "1.1", ".", "~", "~x", "a.1", "1." * 60])
PLACES = st.tuples(st.builds(channel_of, IDS, IDS, NATIVE), st.integers(1, 10**9))
HASHED = "~" + hashlib.sha256(b"x" * 200).hexdigest()


@example([(channel_of("a", "b", thread_id), 1) for thread_id in ("x" * 200, HASHED)])
@given(st.lists(PLACES, min_size=2, max_size=2, unique_by=lambda place: (place[0].to_json(), place[1])))
def test_different_conversations_have_different_ids(places: list[tuple[ChannelReference, int]]) -> None:
    # given two conversations of configured channels' threads
    one, other = (id_of(channel, number) for channel, number in places)
    # then their ids differ, and fit into an event
    assert one != other
    assert max(len(one), len(other)) <= 256


@given(st.builds(channel_of, IDS, IDS, st.text(min_size=1, max_size=1024)))
def test_whatever_a_thread_is_called_its_conversation_can_be_announced(channel: ChannelReference) -> None:
    # given a thread with any native id
    [conversation] = Thread(key=thread_key(PSEUDONYMS, channel), channel=channel).opening(TEN, ANNA).conversations
    # when it is announced, then the announcement is a good event
    event = started_event("contoso", channel, conversation)
    assert decode_event(encode_event(event)) == event
    # and it starts that conversation, at that time, with that customer
    assert (event.subject, event.moment) == (conversation.conversation_id, TEN)
    assert (event.data.channel, event.data.customer) == (channel, ANNA)


def test_unconfigured_accounts_cannot_borrow_another_ones_conversations() -> None:
    # given channels that only an event names (data.channel without a subject)
    one, other = channel_of("a", "b.c", "t"), channel_of("a.b", "c", "t")
    longest = channel_of("a" * 256, "c" * 256, "t")
    # then their conversations' ids differ, and fit into an event
    assert id_of(one, 1) != id_of(other, 1)
    assert len(id_of(longest, 1)) <= 256


def test_a_thread_keeps_its_newest_five_hundred_conversations_and_their_numbers_go_on() -> None:
    # Given a thread of as many conversations as are kept, each of which has ended
    thread = Thread(key=KEY, channel=CHANNEL)
    for number in range(MOST_CONVERSATIONS):
        thread = thread.opening(TEN + minutes(10 * number), ANNA)
        last = thread.conversations[-1].conversation_id
        at = TEN + minutes(10 * number + 5)
        thread = thread.sharing(last, Share(revision=1, begins=TEN + minutes(10 * number), closed_at=at), at)
    # When another one begins
    longer = thread.opening(TEN + minutes(10 * MOST_CONVERSATIONS), ANNA)
    # Then the oldest is kept no more, and no number is used twice
    assert len(longer.conversations) == MOST_CONVERSATIONS
    assert longer.conversations[0] == thread.conversations[1]
    assert longer.conversations[-1].conversation_id.endswith(f".{MOST_CONVERSATIONS + 1}")


def named(number: int, opened: float) -> ThreadedConversation:
    return ThreadedConversation(conversation_id=f"c{number}", opened_at=TEN + minutes(opened), customer=ANNA)


def test_a_conversation_that_was_forgotten_begins_anew_with_its_id() -> None:
    # Given a thread that keeps of a conversation only what it told, because the next one continues it
    ended = Share(revision=3, begins=TEN, closed_at=TEN + minutes(5), open_until=TEN + minutes(20))
    thread = Thread(key=KEY, channel=CHANNEL).registering(named(1, 0)).registering(named(2, 10))
    thread = thread.sharing("c1", ended, TEN).sharing("c2", Share(revision=1, begins=TEN + minutes(10)), TEN)
    forgotten = thread.forgetting("c1")
    assert forgotten.conversations[0].is_forgotten
    # When its sender begins one with that id again
    again = forgotten.registering(named(1, 90))
    # Then it is one as any other
    assert [(one.conversation_id, one.is_forgotten, one.share is None) for one in again.conversations] == [
        ("c2", False, False),
        ("c1", False, True),
    ]


def test_a_thread_that_joins_a_newer_id_keeps_no_more_than_it_may() -> None:
    thread, newer = Thread(key=KEY, channel=CHANNEL), Thread(key="newer", channel=CHANNEL)
    for number in range(MOST_CONVERSATIONS):
        thread, newer = thread.registering(named(number, number)), newer.registering(named(1000 + number, number))
    assert len(thread.joining(newer).conversations) == MOST_CONVERSATIONS
