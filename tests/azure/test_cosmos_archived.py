"""Conversations whose facts expired in Cosmos, since the archive has them: nobody can tell them from others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from shared.azure.cosmos.containers import CONVERSATIONS
from shared.azure.cosmos.conversation_documents import fact_document_id
from shared.errors import ArchiveUnavailable
from shared.events.catalog import Event
from shared.events.claim_check import check_in
from shared.events.overflow import publish
from shared.wire import replace
from tests.azure.databases import Stores, connected
from tests.azure.recording import configured, deliver, on_cosmos
from tests.builders import PSEUDONYMS, contoso, ended, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.fakes import MemoryArchive

TENANT, KEY = "contoso", "c1"
TALK: list[Event] = [
    started(at="2026-11-20T11:00:00Z"),
    message(at="2026-11-20T11:01:00Z", event_id="m1"),
    message(at="2026-11-20T11:02:00Z", event_id="m2", role="bot"),
    ended(at="2026-11-20T11:03:00Z"),
]


class ProcessDied(Exception):
    pass


async def expire(stores: Stores) -> None:
    """Delete the documents of facts, as Cosmos DB does when their time is over."""
    container = stores.container(CONVERSATIONS)
    documents = await container.query("look", (TENANT, KEY), "SELECT * FROM c WHERE STARTSWITH(c.id, 'fact:')")
    for document in documents:
        await container.delete("expire", (TENANT, KEY), document["id"], document["_etag"])


async def looked_after(pipeline: InMemory, days: int) -> None:
    """Let so many days pass, and have what is due by then performed."""
    pipeline.clock.advance(timedelta(days=days))
    await pipeline.sweep.run()
    await pipeline.drain()


@asynccontextmanager
async def archived(database: str) -> AsyncIterator[tuple[InMemory, Stores]]:
    """A conversation of four facts that was archived."""
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        pipeline = on_cosmos(stores)
        await configured(pipeline, contoso())
        await deliver(pipeline, TALK)
        await looked_after(pipeline, 2)
        assert len(await pipeline.archive.parts(TENANT, KEY)) == 1
        yield pipeline, stores


async def test_it_is_read_as_before(database: str) -> None:
    async with archived(database) as (pipeline, stores):
        before, loaded = await pipeline.outcome(), await pipeline.conversations.load(TENANT, KEY)
        # When its facts expire
        await expire(stores)
        # Then it has the same facts, lines, decisions and bill, and each fact is found
        assert await pipeline.outcome() == before
        assert {fact.id for fact in (await pipeline.conversations.load(TENANT, KEY)).facts} == {
            fact.id for fact in loaded.facts
        }
        for fact in loaded.facts:
            found = await pipeline.conversations.read_fact(TENANT, KEY, fact.id)
            assert found is not None
            assert found.same_content(fact)
        assert await pipeline.conversations.count(TENANT, KEY) == len(TALK)
        # and a rebuild finds it, and no difference
        compared = await pipeline.rebuild.compare(TENANT)
        assert (compared.conversations, compared.found) == (1, [])


async def test_what_comes_late_is_folded_in_with_all_that_is_archived(database: str) -> None:
    async with archived(database) as (pipeline, stores):
        # Given as many lines, dated before the end, as the conversation has facts that expired
        before = await pipeline.outcome()
        await expire(stores)
        late = [message(at=f"2026-11-20T11:01:{n}Z", event_id=f"late{n}", role="agent") for n in range(10, 14)]
        # When they come, and one of the first again
        await deliver(pipeline, [*late, TALK[1]])
        assert await pipeline.conversations.count(TENANT, KEY) == len(TALK) + len(late)
        # Then they are in their place, the old line is there once, and the bill is the same
        after = await pipeline.outcome()
        assert len(after["transcript"]) == len(before["transcript"]) + len(late)
        assert after["rows"] == before["rows"]
        # and they are archived, too
        await looked_after(pipeline, 2)
        assert len(await pipeline.archive.parts(TENANT, KEY)) == 2


async def test_it_is_forgotten_when_its_retention_is_over(database: str) -> None:
    async with archived(database) as (pipeline, stores):
        await expire(stores)
        await looked_after(pipeline, 400)
        assert await pipeline.conversations.read_head(TENANT, KEY) is None
        assert await pipeline.archive.parts(TENANT, KEY) == []


@pytest.mark.parametrize("after", ["the head was marked", "the archive was deleted"])
async def test_forgetting_that_was_cut_short_is_finished_and_changes_no_bill(database: str, after: str) -> None:
    async with archived(database) as (pipeline, stores):
        # Given that a process died while it forgot the conversation, a year later
        rows = (await pipeline.outcome())["rows"]
        await expire(stores)
        found = await pipeline.conversations.read_head(TENANT, KEY)
        assert found is not None
        head, etag = found
        await pipeline.conversations.save_head(TENANT, KEY, replace(head, archived=0), etag)
        if after == "the archive was deleted":
            await pipeline.archive.delete(TENANT, KEY)
        pipeline.clock.advance(timedelta(days=400))
        # When a line comes there, and later somebody looks after it
        await deliver(pipeline, [message(at="2027-12-27T12:00:00Z", event_id="late", role="agent")])
        november = await pipeline.ledger.rows(TENANT, "2026-11", None, None, 10)
        # Then its bill is the same
        assert [row.without_turns().model_copy(update={"revision": 0}) for row in november.rows] == rows
        await looked_after(pipeline, 2)
        await looked_after(pipeline, 800)
        # and in the end nothing of it is left
        assert await pipeline.conversations.read_head(TENANT, KEY) is None
        assert await pipeline.archive.parts(TENANT, KEY) == []


async def test_an_archive_that_was_deleted_in_part_is_deleted_at_the_next_look(database: str) -> None:
    async with archived(database) as (pipeline, stores):
        # Given a conversation with an addendum, whose process died between deleting its parts
        await deliver(pipeline, [message(at="2026-11-20T11:02:30Z", event_id="late", role="agent")])
        await looked_after(pipeline, 2)
        await expire(stores)
        first, _ = await pipeline.archive.parts(TENANT, KEY)
        found = await pipeline.conversations.read_head(TENANT, KEY)
        assert found is not None
        head, etag = found
        await pipeline.conversations.save_head(TENANT, KEY, replace(head, archived=0), etag)
        await pipeline.archive.delete(TENANT, KEY)
        await pipeline.archive.add(TENANT, KEY, 0, first)
        # When somebody looks after it, then nothing of it is left
        await looked_after(pipeline, 400)
        assert await pipeline.conversations.read_head(TENANT, KEY) is None
        assert await pipeline.archive.parts(TENANT, KEY) == []


async def test_its_contents_go_with_it_though_forgetting_was_cut_short(database: str) -> None:
    # Given an archived conversation with a content of its own, whose facts expired
    async with connected(database) as cosmos:
        stores = Stores(cosmos, archive=Interrupted())
        pipeline = on_cosmos(stores)
        await configured(pipeline, contoso())
        history = [{"id": "h1", "author": {"role": "bot", "id": "contoso-bot"}, "text": "x" * 200_000}]
        large = check_in(escalated(at="2026-11-20T11:02:30Z", transcript=history))
        await publish(pipeline.publisher, pipeline.overflow, TENANT, PSEUDONYMS, [large], NOW)
        await deliver(pipeline, [*TALK[:-1], large.event, TALK[-1]])
        await looked_after(pipeline, 2)
        assert [place for _, place, _ in pipeline.overflow.contents] == [KEY]
        await expire(stores)
        # When its process dies while it forgets it, at once after the archive was deleted
        with pytest.raises(ProcessDied):
            await looked_after(pipeline, 400)
        pipeline.publisher.events.clear()
        # Then, whoever looks for what a crash left before, nothing of it is left in the end
        assert await pipeline.forgotten.delete_left_over() == 0
        await looked_after(pipeline, 1)
        assert await pipeline.conversations.read_head(TENANT, KEY) is None
        assert await pipeline.forgotten.delete_left_over() == 1
        assert pipeline.overflow.contents == {}


class Interrupted(MemoryArchive):
    """An archive whose process dies after the first deletion."""

    async def delete(self, tenant_id: str, key: str) -> None:
        known = await self.parts(tenant_id, key)
        await super().delete(tenant_id, key)
        if known:
            raise ProcessDied


async def test_it_is_not_computed_from_a_part_of_its_facts(database: str) -> None:
    async with archived(database) as (pipeline, stores):
        # Given that one of its facts expired, and the archive is gone
        loaded = await pipeline.conversations.load(TENANT, KEY)
        await pipeline.archive.delete(TENANT, KEY)
        container, name = stores.container(CONVERSATIONS), fact_document_id(loaded.facts[0].id)
        document = await container.read("look", (TENANT, KEY), name)
        assert document is not None
        await container.delete("expire", (TENANT, KEY), name, document["_etag"])
        # When it is loaded, then that fails
        with pytest.raises(ArchiveUnavailable):
            await pipeline.conversations.load(TENANT, KEY)


async def test_facts_outlive_the_longest_conversation_by_a_month(database: str) -> None:
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        pipeline = on_cosmos(stores)
        await configured(pipeline, contoso())
        await deliver(pipeline, TALK)
        # When the documents of a tenant that keeps conversations for a year are looked at
        documents = await stores.container(CONVERSATIONS).query("look", (TENANT, KEY), "SELECT * FROM c")
    # Then facts expire after 62 days, and the rest a month after the retention
    assert {(document["id"].partition(":")[0], document["ttl"] // 86_400) for document in documents} == {
        ("fact", 62),
        ("decision", 396),
        ("head", 396),
    }
