"""A conversation is archived a day after its end, what comes later as addenda, and forgotten with its retention."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.fold import fold
from shared.conversations.ports import Head
from shared.effects.archive import archived_facts
from shared.effects.reconcile import ledger_row
from shared.errors import UnknownConversation
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.tenants.history import Version
from shared.timers.asked import ASKED_AGAIN_AFTER
from tests.builders import FROM_THE_BEGINNING, contoso, document, ended, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.fakes import MemoryArchive, MemoryConversations
from tests.seeds import SUMMARY

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
RETENTION = timedelta(days=contoso().retention_days)
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t|1"}


def at(seconds: int) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


def whole() -> list[Event]:
    return [
        started(at=at(-60), channel=THREAD),
        message(at=at(-50), text="🙂 שלום"),
        message(at=at(-40), role="bot", text="Hello"),
        escalated(at=at(-30), context_variables={"BotHandoffTopic": "CreditCard"}),
        ended(at=at(0)),
    ]


async def over(in_memory: Pipelines = InMemory, **ports: Any) -> InMemory:
    """A pipeline with a conversation that ended now."""
    pipeline = await in_memory(**ports).configured()
    await pipeline.record(*whole())
    await pipeline.drain()
    return pipeline


async def swept(pipeline: InMemory, later: timedelta) -> None:
    """Move the clock to so much later than NOW, sweep, and deliver what was published until nothing is left."""
    pipeline.clock.advance(NOW + later - pipeline.clock.now())
    await pipeline.sweep.run()
    await pipeline.drain()


async def parts(pipeline: InMemory, key: str = "c1") -> list[dict[str, Any]]:
    return [json.loads(part) for part in await pipeline.archive.parts("contoso", key)]


async def test_a_day_after_its_end_a_conversation_is_archived_once() -> None:
    pipeline = await over()
    await swept(pipeline, DAY - SECOND)
    assert await parts(pipeline) == []
    await swept(pipeline, DAY)
    (part,) = await parts(pipeline)
    await swept(pipeline, 3 * DAY)
    assert await parts(pipeline) == [part]


async def test_the_archive_tells_everything() -> None:
    # Given an archived conversation
    pipeline = await over()
    await swept(pipeline, DAY)
    (part,) = await parts(pipeline)
    # Then who reads the archive knows what was said, where it went and why, and what was counted
    assert part["conversation"]["state"] == "closed"
    assert part["conversation"]["contextVariables"] == {"BotHandoffTopic": "CreditCard"}
    assert [line["text"] for line in part["transcript"]] == ["🙂 שלום", "Hello", SUMMARY]
    assert [decision["queue"] for decision in part["decisions"]] == ["BotQueue", "CreditCardQueue"]
    assert part["decisions"][1]["rules"][1]["condition"] is not None
    assert part["evidence"]["excluded"] is None
    assert part["evidence"]["proof"]["bot"] == "contoso-bot"
    assert [fact["event"]["type"] for fact in part["facts"]] == [event.type for event in whole()]


async def test_a_late_line_makes_an_addendum_a_day_later() -> None:
    # Given an archived conversation
    pipeline = await over()
    await swept(pipeline, DAY)
    # When a line comes that was said before the end, and one that was said after it
    pipeline.clock.advance(timedelta(hours=1))
    await pipeline.record(message(at=at(-35), event_id="late-1", text="before"))
    await pipeline.record(message(at=at(5), event_id="late-2", text="after", role="agent"))
    await swept(pipeline, 2 * DAY)
    assert len(await parts(pipeline)) == 1
    # Then a day later there is an addendum of both
    await swept(pipeline, 2 * DAY + timedelta(hours=1))
    _, addendum = await parts(pipeline)
    assert [fact["event"]["id"] for fact in addendum["facts"]] == ["late-1", "late-2"]
    assert [line["late"] for line in addendum["transcript"]] == [False, False, False, False, True]
    # and no other
    await swept(pipeline, 5 * DAY)
    assert len(await parts(pipeline)) == 2


async def test_from_the_archive_alone_heads_and_rows_can_be_rebuilt() -> None:
    # Given an archived conversation with an addendum
    pipeline = await over()
    await swept(pipeline, DAY)
    await pipeline.record(message(at=at(-35), event_id="late", role="bot", bot_id="unheard-of"))
    await swept(pipeline, 3 * DAY)
    loaded = await pipeline.conversations.load("contoso", "c1")
    assert loaded.head is not None
    # When it is folded from what the archive holds
    stored = await pipeline.archive.parts("contoso", "c1")
    facts = [fact for part in stored for fact in archived_facts(part)]
    rebuilt = fold("contoso", "c1", facts, await pipeline.configurations.of("contoso"))
    # Then it is what it was
    assert rebuilt == loaded.head.conversation
    assert ledger_row(rebuilt, 1) == ledger_row(loaded.head.conversation, 1)


class Interrupted(Exception):
    pass


class Interruptible(MemoryConversations):
    """A store on which something else happens, once, before a write of the name."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Callable[[], Awaitable[None]]] = {}

    async def _happens(self, name: str) -> None:
        if (act := self.before.pop(name, None)) is not None:
            await act()

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        await self._happens("save_head")
        return await super().save_head(tenant_id, key, head, etag)

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        await self._happens("delete")
        await super().delete(tenant_id, key, etag)


async def interruption() -> None:
    raise Interrupted


async def test_a_crash_after_archiving_archives_nothing_twice(in_memory: Pipelines = InMemory) -> None:
    # Given a crash between the archive and the head
    store = Interruptible()
    pipeline = await over(in_memory, conversations=store)
    store.before["save_head"] = interruption
    with pytest.raises(Interrupted):
        await swept(pipeline, DAY)
    assert len(await parts(pipeline)) == 1
    # and a late line that comes before the next look
    pipeline.publisher.events.clear()
    await pipeline.record(message(at=at(5), event_id="late"))
    await swept(pipeline, 3 * DAY)
    # Then the late line is all that the addendum adds
    assert [len(part["facts"]) for part in await parts(pipeline)] == [len(whole()), 1]


async def test_an_archive_knows_its_facts_though_the_tenant_has_another_secret() -> None:
    # Given an archived conversation, whose database is lost, and with it the tenant's secret
    archive = MemoryArchive()
    await swept(await over(archive=archive), DAY)
    anew = InMemory(archive=archive)
    await anew.configuration_store.create("contoso", Version(1, FROM_THE_BEGINNING, contoso()), b"another secret")
    # When its events are sent again, and it is archived again
    await anew.record(*whole())
    await swept(anew, DAY)
    # Then nothing is there twice
    assert [len(part["facts"]) for part in await parts(anew)] == [len(whole())]


async def test_two_looks_at_once_archive_once() -> None:
    # Given an archive in which another look was faster
    class Raced(MemoryArchive):
        async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
            if not await self.parts(tenant_id, key):
                await super().add(tenant_id, key, part, document)
            await super().add(tenant_id, key, part, document)

    pipeline = await over(archive=Raced())
    # When the conversation is archived, then there is one part
    await swept(pipeline, DAY)
    assert len(await parts(pipeline)) == 1


async def test_with_its_retention_a_conversation_is_forgotten_and_its_count_is_kept(
    in_memory: Pipelines = InMemory,
) -> None:
    # Given an archived conversation, whose newest fact is a late line
    pipeline = await over(in_memory)
    await swept(pipeline, DAY)
    await pipeline.record(message(at=at(3600), event_id="late", role="agent"))
    counted = (await pipeline.ledger.rows("contoso", "2026-11", True, None, 10)).rows
    for later in (3 * DAY, RETENTION, RETENTION + timedelta(minutes=59)):
        await swept(pipeline, later)
        assert len(await parts(pipeline)) == 2
        assert (await pipeline.reading.one("contoso", "c1")).conversation.state == "closed"
    # When the retention of that line is over
    await swept(pipeline, RETENTION + timedelta(minutes=60))
    # Then the conversation is nowhere any more
    assert await parts(pipeline) == []
    with pytest.raises(UnknownConversation):
        await pipeline.reading.one("contoso", "c1")
    assert list(await pipeline.threads.known("contoso", started(channel=THREAD).data.channel)) == []
    # and what it cost is still in the books, which balance
    assert (await pipeline.ledger.rows("contoso", "2026-11", True, None, 10)).rows == counted
    assert await pipeline.books_balance()
    rebuild = pipeline.rebuild
    assert (await rebuild.compare("contoso")).differences == []


async def test_an_archive_whose_database_was_lost_is_deleted_only_when_its_retention_is_over() -> None:
    # Given an archived conversation, whose database is lost
    archive = MemoryArchive()
    await swept(await over(archive=archive), DAY)
    anew = await InMemory(archive=archive).configured()
    question = json.dumps(document("inactivity.timeout", {"dueAt": at(0)}, at=at(0), source="/anybody")).encode()
    # When somebody asks as the sweep does, then the archive stays, until its own time has come
    for later, left in ((2 * DAY, 1), (RETENTION - SECOND, 1), (RETENTION, 0)):
        anew.clock.advance(NOW + later - anew.clock.now())
        await anew.deliveries.deliver(question)
        assert len(await parts(anew)) == left


@pytest.mark.parametrize(("begun_anew", "archived"), [(RETENTION, [["line", "end"]]), (DAY, [[], ["line", "end"]])])
async def test_what_is_left_of_a_forgotten_conversation_is_deleted_before_another_of_its_id_is_archived(
    begun_anew: timedelta, archived: list[list[str]]
) -> None:
    # Given the part of a conversation that is stored no more: a slow check added it after another had deleted all
    archive = MemoryArchive()
    await swept(await over(archive=archive), DAY)
    pipeline = await InMemory(archive=archive).configured()
    # When a line begins the conversation anew, which ends and is archived
    pipeline.clock.advance(begun_anew)
    now = pipeline.clock.now()
    anew: list[Event] = [
        message(at=format_time(now), event_id="line"),
        ended(at=format_time(now + SECOND), event_id="end"),
    ]
    await pipeline.record(started(at=format_time(now), event_id="start"), *anew)
    await swept(pipeline, begun_anew + 2 * DAY)
    # Then what was left is gone if its retention is over; else its database may have been lost, and it stays
    found = [[fact["event"]["id"] for fact in part["facts"]] for part in await parts(pipeline)]
    assert [[name for name in ids if name in ("line", "end")] for ids in found] == archived


@pytest.mark.parametrize("write", ["save_head", "delete"])
async def test_a_crash_while_forgetting_is_made_good(write: str) -> None:
    store = Interruptible()
    pipeline = await over(conversations=store)
    await swept(pipeline, DAY)
    store.before[write] = interruption
    with pytest.raises(Interrupted):
        await swept(pipeline, RETENTION)
    pipeline.publisher.events.clear()
    await swept(pipeline, RETENTION + ASKED_AGAIN_AFTER)
    await swept(pipeline, RETENTION + 2 * ASKED_AGAIN_AFTER)
    assert await parts(pipeline) == []
    assert (await store.load("contoso", "c1")).head is None


async def test_a_line_that_comes_while_a_conversation_is_forgotten_keeps_all_of_it(
    in_memory: Pipelines = InMemory,
) -> None:
    # Given a line, just young enough, that is recorded just before the last step
    store = Interruptible()
    pipeline = await over(in_memory, conversations=store)
    await swept(pipeline, DAY)

    async def line_comes() -> None:
        await pipeline.record(message(at=at(1), event_id="late", text="in time", role="agent"))

    store.before["delete"] = line_comes
    await swept(pipeline, RETENTION)
    # Then the conversation is there, whole
    lines = await pipeline.lines("c1", "agent")
    assert [line.text for line in lines] == ["🙂 שלום", "Hello", SUMMARY, "in time"]
    # and the archive gets it anew, until its time has come
    await swept(pipeline, RETENTION + DAY)
    assert await parts(pipeline) == []
    assert (await store.load("contoso", "c1")).head is None


async def test_a_conversation_that_goes_on_is_not_archived() -> None:
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0), context_variables={"BotHandoffTopic": "CreditCard"}))
    await swept(pipeline, timedelta(hours=20))
    assert await parts(pipeline) == []
