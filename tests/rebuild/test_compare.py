"""Rebuilding from facts finds what is not what the facts make it, and nothing else."""

from shared.rebuild.compare import Rebuild
from shared.wire import replace
from tests.builders import ended, escalated, message, started
from tests.conversations.pipelines import InMemory


async def recorded() -> tuple[InMemory, Rebuild]:
    """A pipeline with a conversation whose facts came in an odd order, and one that nobody answered."""
    pipeline = await InMemory().configured()
    await pipeline.record(
        escalated(at="2026-11-01T00:00:10Z"),
        message(at="2026-11-01T00:01:00Z"),
        started(at="2026-10-31T23:59:00Z"),
        message(at="2026-11-01T00:02:00Z", role="agent"),
        ended(at="2026-11-01T00:03:00Z"),
        started("c2"),
        message("c2"),
    )
    return pipeline, pipeline.rebuild


async def test_what_was_recorded_is_what_its_facts_make_it() -> None:
    _, rebuild = await recorded()
    comparison = await rebuild.compare("contoso")
    assert (comparison.conversations, comparison.months, comparison.differences) == (2, 2, [])


async def test_a_head_that_somebody_edited_is_found() -> None:
    pipeline, rebuild = await recorded()
    loaded = await pipeline.conversations.load("contoso", "c1")
    assert loaded.head is not None
    assert loaded.etag is not None
    edited = replace(loaded.head, conversation=replace(loaded.head.conversation, queue="BotQueue"))
    await pipeline.conversations.save_head("contoso", "c1", edited, loaded.etag)
    assert (await rebuild.compare("contoso")).differences == ["c1: the head differs"]


async def test_a_row_that_somebody_edited_is_found() -> None:
    pipeline, rebuild = await recorded()
    row = (await pipeline.ledger.rows("contoso", "2026-10", None, None, 10)).rows[0]
    await pipeline.ledger.post("contoso", row.model_copy(update={"excluded": "no_bot", "revision": row.revision + 1}))
    assert (await rebuild.compare("contoso")).differences == [f"2026-10: the row of {row.key} differs"]


async def test_facts_without_a_head_are_found() -> None:
    pipeline, rebuild = await recorded()
    loaded = await pipeline.conversations.load("contoso", "c2")
    await pipeline.conversations.append("contoso", "c3", [loaded.facts[1]])
    assert "c3: there are facts, and no head" in (await rebuild.compare("contoso")).differences
