"""Commits on SQLite: effects in the same transaction, and heads that are kept in memory."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.bootstrap import EmbeddedPipeline, embedded_on
from shared.clock import MovableClock
from shared.conversations.effect import Effect, TellThread
from shared.conversations.ports import Head
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.threads import ToldThreads
from shared.embedded.within_commit import EmbeddedEffect, Performed, WithinCommit
from shared.embedded.written_heads import MOST_BYTES, Written, WrittenHeads
from shared.errors import HeadChanged
from shared.events.data import ChannelReference
from shared.events.envelope import format_time, parse_time
from shared.threads.span import Share
from shared.wire import replace
from tests.builders import EXAMPLES, ended, fact_of, message, started
from tests.contract.test_conversation_store import head_of

NOW = parse_time("2026-10-05T10:00:00Z")
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}
PLACE = ("contoso", "c1")


async def begun(database: Database) -> EmbeddedPipeline:
    pipeline = embedded_on(database, MovableClock(NOW))
    await pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
    return pipeline


class Failing:
    """An effect that always fails, after it has written something."""

    async def performing(self, tenant_id: str, conversation_id: str, effect: Effect) -> Performed:
        def performed(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM facts")
            raise OSError("it always fails")

        return performed


class Refusing:
    """An effect that has to be performed otherwise."""

    async def performing(self, tenant_id: str, conversation_id: str, effect: Effect) -> Performed:
        def performed(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM facts")
            return False

        return performed


async def test_rows_and_intervals_are_written_with_the_head_that_asks_for_them(database: Database) -> None:
    # Given a conversation in a channel's thread
    pipeline = await begun(database)
    recorder = pipeline.deliveries.recorder
    await recorder.record("contoso", started("c1", at=format_time(NOW), channel=THREAD))
    await recorder.record("contoso", ended("c1", at=format_time(NOW)))
    # Then its row is posted, nothing is left in its outbox, and no other part of the product was asked
    assert (await pipeline.usage.ledger.rows("contoso", "2026-10", None, None, 10)).rows[0].key == "c1"
    found = await recorder.conversations.read_head("contoso", "c1")
    assert found is not None
    assert (found[0].outbox, found[0].unposted_month) == ({}, None)
    assert pipeline.sweep.effects.figures.attempts == 0


@pytest.mark.parametrize("kind", [Failing, Refusing])
async def test_an_effect_that_fails_in_the_commit_stays_in_the_outbox_and_the_fact_is_there(
    database: Database, kind: Callable[[], EmbeddedEffect]
) -> None:
    # Given a store whose every row fails
    store = EmbeddedConversations(database, WithinCommit({"contribute": kind()}))
    head = head_of(started())
    # When a head that asks for one is committed
    stored, etag = await store.commit(*PLACE, [fact_of(started(), NOW)], head, None)
    # Then the head is there as it was given, with the fact and nothing of what the effect did
    assert stored.outbox == head.outbox != {}
    assert await store.count(*PLACE) == 1
    fresh = await EmbeddedConversations(database).read_head(*PLACE)
    assert fresh is not None
    assert (fresh[0].outbox, fresh[1]) == (head.outbox, etag)


async def test_what_failed_in_the_commit_is_performed_as_on_any_other_store(database: Database) -> None:
    # Given a month that is closed, so that a late conversation is a correction, which no commit writes
    pipeline = await begun(database)
    recorder, clock = pipeline.deliveries.recorder, pipeline.clock
    assert isinstance(clock, MovableClock)
    await recorder.record("contoso", started("c1", at=format_time(NOW)))
    clock.advance(timedelta(days=60))
    await pipeline.usage.roll_up_all()
    # When one comes
    await recorder.record("contoso", started("c2", at=format_time(NOW)))
    # Then the next month has it
    found = await pipeline.usage.ledger.corrections("contoso", "2026-11", None, 10)
    assert [one.key for one in found.corrections] == ["c2"]
    head = await recorder.conversations.read_head("contoso", "c2")
    assert head is not None
    assert head[0].outbox == {}


async def test_a_kept_head_is_what_the_file_has_whoever_was_cancelled(database: Database) -> None:
    # Given a head that was written
    store = EmbeddedConversations(database)
    first = head_of(started())
    _, etag = await store.commit(*PLACE, [fact_of(started(), NOW)], first, None)
    # When another one is written whose caller is cancelled while the file is being written
    second = replace(first, revision=2, attention="bot-silent")
    saving = asyncio.create_task(store.save_head(*PLACE, second, etag))
    await asyncio.sleep(0)
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    await database.write(lambda _: None)
    # Then the store gives what the file has
    fresh = await EmbeddedConversations(database).read_head(*PLACE)
    assert fresh is not None
    assert fresh[0].revision == 2
    assert await store.read_head(*PLACE) == fresh


async def test_after_a_write_that_failed_the_file_is_asked(database: Database) -> None:
    # Given a head that another adapter replaced, which no other process can
    store, other = EmbeddedConversations(database), EmbeddedConversations(database)
    head = head_of(started())
    _, etag = await store.commit(*PLACE, [fact_of(started(), NOW)], head, None)
    await other.save_head(*PLACE, replace(head, revision=2), etag)
    # When a write fails for it, then the store finds the head that is there
    with pytest.raises(HeadChanged):
        await store.save_head(*PLACE, replace(head, revision=3), etag)
    found = await store.read_head(*PLACE)
    assert found is not None
    assert found[0].revision == 2


async def test_a_deleted_head_is_kept_no_more(database: Database) -> None:
    store = EmbeddedConversations(database)
    _, etag = await store.commit(*PLACE, [fact_of(message(), NOW)], head_of(message()), None)
    await store.delete(*PLACE, etag)
    assert await store.read_head(*PLACE) is None


def test_kept_heads_have_a_bound_and_those_read_last_stay() -> None:
    # Given heads of which a hundred fit
    heads, head = WrittenHeads(), head_of(started())
    size = MOST_BYTES // 600
    for number in range(100):
        heads.note(("contoso", str(number)), Written(head, "1", size))
    # When one is read, and another one written
    assert heads.get(("contoso", "0")) is not None
    heads.note(("contoso", "new"), Written(head, "1", size))
    # Then the one that was not asked for longest is gone
    kept: list[tuple[Head, str] | None] = [heads.get(("contoso", name)) for name in ("0", "1", "2", "new")]
    assert [one is not None for one in kept] == [True, False, True, True]


async def test_a_thread_that_was_told_something_newer_is_not_told_within_the_commit(database: Database) -> None:
    # Given a thread that one of its conversations has told something at revision 3
    clock, channel = MovableClock(NOW), ChannelReference.model_validate(THREAD)
    pipeline = await begun(database)
    await pipeline.deliveries.recorder.record("contoso", started("c1", at=format_time(NOW), channel=THREAD))
    await pipeline.deliveries.threads.register("contoso", started("c1", channel=THREAD), NOW)
    told = ToldThreads(pipeline.configurations.pseudonyms, clock)

    async def tell(revision: int) -> bool:
        share = Share(revision=revision, begins=NOW, closed_at=NOW)
        performed = await told.performing("contoso", "c1", TellThread(channel=channel, share=share))
        return await database.write(performed)

    assert await tell(3)
    # When a head that is older, as one from a backup, tells it at revision 2, then its handler is to say so
    assert not await tell(2)
    # and the same telling, once more, is done
    assert await tell(3)
