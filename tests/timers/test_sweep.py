"""The sweep: it asks once what is due, and again only where no answer came for an hour."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from shared.clock import MovableClock
from shared.conversations.ports import ConversationStore
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.timers.asked import ASKED_AGAIN_AFTER, Asked
from shared.wire import replace
from tests.builders import message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.fakes import MemoryConversations, MemoryPublisher, SettableClock

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def talking(
    *conversations: str, store: ConversationStore | None = None, clock: MovableClock | None = None
) -> InMemory:
    """Conversations whose customers have been silent for so long that each is due."""
    chosen = clock or MovableClock(NOW)
    pipeline = await InMemory(conversations=store or MemoryConversations(), clock=chosen).configured()
    for one in conversations:
        await pipeline.record(started(one, at=format_time(NOW)), message(one, at=format_time(NOW), role="bot"))
    pipeline.clock.advance(6 * MINUTE)
    return pipeline


def asked(pipeline: InMemory) -> list[str]:
    """The conversations that were asked about since the last look."""
    events, pipeline.publisher.events[:] = list(pipeline.publisher.events), []
    return sorted(event.subject or "" for event in events)


async def test_what_waits_for_its_answer_is_not_asked_again() -> None:
    # Given conversations that are due, about which the sweep asked
    pipeline = await talking("c1", "c2")
    assert await pipeline.sweep.run() == 2
    assert asked(pipeline) == ["c1", "c2"]
    # When it runs again and again before anybody answers, then it asks nothing, and still says how many are due
    for _ in range(5):
        pipeline.clock.advance(MINUTE)
        assert await pipeline.sweep.run() == 2
    assert asked(pipeline) == []


async def test_what_becomes_due_meanwhile_is_asked() -> None:
    pipeline = await talking("c1")
    await pipeline.sweep.run()
    await pipeline.record(started("c2", at=format_time(pipeline.clock.now())))
    pipeline.clock.advance(6 * MINUTE)
    await pipeline.sweep.run()
    assert asked(pipeline) == ["c1", "c2"]


async def test_a_question_that_is_lost_is_asked_again_after_an_hour() -> None:
    # Given a question that nobody will answer
    pipeline = await talking("c1")
    await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]
    # When less than an hour is over, then it counts as on its way; then it is asked again, once
    pipeline.clock.advance(ASKED_AGAIN_AFTER - MINUTE)
    await pipeline.sweep.run()
    assert asked(pipeline) == []
    pipeline.clock.advance(MINUTE)
    for _ in range(2):
        await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]


async def test_a_clock_that_was_set_back_keeps_no_question_waiting() -> None:
    # Given a question that was asked when the clock was a day ahead, and that nobody will answer
    clock = SettableClock(NOW)
    pipeline = await talking("c1", clock=clock)
    clock.advance(DAY)
    await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]
    # When the clock is set back, then what is due is asked again at once, and then waits for its answer
    clock.set_back(DAY)
    for _ in range(2):
        await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]


async def test_a_conversation_that_was_answered_is_asked_about_when_it_is_due_anew() -> None:
    # Given a conversation that was reminded
    pipeline = await talking("c1")
    await pipeline.sweep.run()
    await pipeline.drain()
    # When it is due again, within the hour, then it is asked about
    head = (await pipeline.conversations.load("contoso", "c1")).head
    assert head is not None
    assert head.due_at is not None
    assert head.due_at - pipeline.clock.now() < ASKED_AGAIN_AFTER
    pipeline.clock.advance(head.due_at - pipeline.clock.now())
    await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]


async def test_another_process_asks_once_more_which_does_no_harm() -> None:
    # Given a question that waits
    pipeline = await talking("c1")
    await pipeline.sweep.run()
    # When another process sweeps, or this one after a restart, and both questions are answered
    await replace(pipeline.sweep, asked=Asked()).run()
    assert len(pipeline.publisher.events) == 2
    await pipeline.drain()
    # Then the customer is reminded once
    lines = await pipeline.lines("c1", "customer")
    assert [line.author.id for line in lines] == ["contoso-bot", "patchbay"]


async def test_a_question_that_could_not_be_published_is_asked_in_the_next_run() -> None:
    # Given a bus that is away
    class Away(MemoryPublisher):
        async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
            raise ConnectionError

    pipeline = await talking("c1")
    with suppress(ConnectionError):
        await replace(pipeline.sweep, publisher=Away()).run()
    # When it is back, then the sweep asks
    await pipeline.sweep.run()
    assert asked(pipeline) == ["c1"]


async def test_a_conversation_with_effects_left_over_is_looked_at_in_every_run() -> None:
    # Given a conversation that is due, whose head cannot be saved once its effects are performed
    class Unsaved(MemoryConversations):
        saves = 0

        async def save_head(self, tenant_id: str, key: str, head: object, etag: str) -> str:
            self.saves += 1
            raise ConnectionError

    store = Unsaved()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started("c1", at=format_time(NOW)), message("c1", at=format_time(NOW), role="bot"))
    pipeline.clock.advance(10 * MINUTE)
    # When the sweep runs twice
    for _ in range(2):
        before = store.saves
        await pipeline.sweep.run()
        # Then it tries both times
        assert store.saves > before
