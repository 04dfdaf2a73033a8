"""Where the id of a forgotten conversation comes again, its rows begin above those of its first life."""

import pytest

from shared.conversations.effect import with_effects
from shared.effects.reconcile import reconcile
from shared.events.catalog import Event
from shared.wire import replace
from tests.builders import contoso, escalated, message, started
from tests.conversations.pipelines import InMemory, Pipelines

PEOPLE = {"BotHandoffTopic": "HomeLoan"}
FIRST_LIVES = {
    "one revision": [started(event_id="a")],
    "some revisions": [
        started(event_id="a"),
        message(at="2026-10-05T10:01:00Z", event_id="b", role="bot", author_id="second"),
        escalated(at="2026-10-05T10:02:00Z", event_id="c"),
    ],
}


@pytest.mark.parametrize("first_life", FIRST_LIVES.values(), ids=FIRST_LIVES)
@pytest.mark.parametrize("closed", [False, True])
async def test_the_row_of_a_second_life_stands(first_life: list[Event], closed: bool) -> None:
    await check_the_row_of_a_second_life_stands(first_life, closed, InMemory)


async def check_the_row_of_a_second_life_stands(first_life: list[Event], closed: bool, pipelines: Pipelines) -> None:
    # Given a conversation that was counted and then forgotten
    pipeline = await pipelines().configured(contoso())
    await pipeline.record(*first_life)
    _, etag = await pipeline.conversations.read_head("contoso", "c1") or (None, "")
    await pipeline.conversations.delete("contoso", "c1", etag)
    if closed:
        books = await pipeline.ledger.books("contoso", "2026-10")
        await pipeline.ledger.close("contoso", "2026-10", books, pipeline.clock.now())
    # When its id comes again, for a conversation that people have
    await pipeline.record(started(at="2026-10-06T10:00:00Z", event_id="again", context_variables=PEOPLE))
    # Then what the new facts say is in the books, and nothing is left to be done
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    assert (await pipeline.outcome())["outbox"] == {}
    # and what comes next is so, too
    await pipeline.record(message(at="2026-10-06T10:01:00Z", event_id="bot", role="bot"))
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_performer_that_is_late_changes_no_revision() -> None:
    # Given a head that a process read before another one recorded and performed more
    pipeline = await InMemory().configured()
    await pipeline.record(started(event_id="a"))
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    late, etag = found
    await pipeline.recorder.record("contoso", escalated(at="2026-10-05T10:02:00Z", event_id="b"))
    stored = await pipeline.conversations.read_head("contoso", "c1")
    # When it performs what it read, again
    row = (await pipeline.ledger.rows("contoso", "2026-10", None, None, 1)).rows[0]
    outbox = with_effects({}, reconcile(None, late.conversation, late.revision), late.revision, pipeline.clock.now())
    await pipeline.recorder.effects.perform("contoso", "c1", replace(late, outbox=outbox), etag)
    # Then row and head are as they were
    assert (await pipeline.ledger.rows("contoso", "2026-10", None, None, 1)).rows == [row]
    assert await pipeline.conversations.read_head("contoso", "c1") == stored
