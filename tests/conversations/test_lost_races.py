"""Races of processes in which a line, an invocation or an hour could be lost."""

import asyncio
from datetime import timedelta
from typing import Any

from shared.clock import MovableClock
from shared.events.envelope import format_time
from tests.builders import ended, escalated, fact_of, message, started, threaded
from tests.conversations.pipelines import NOW, InMemory
from tests.conversations.test_record import Spied
from tests.fakes import MemoryConversations
from tests.seeds import THREAD_ID

HUMANS = {"BotHandoffTopic": "HomeLoan"}


def shared_stores(pipeline: InMemory, **other: Any) -> InMemory:
    """Another process on the same stores."""
    names = (
        "conversations", "ledger", "configuration_store", "thread_store", "archive", "overflow", "parked", "reports",
        "publisher",
    )  # fmt: skip
    return InMemory(**{**{name: getattr(pipeline, name) for name in names}, **other})


async def test_a_line_that_is_appended_while_its_conversation_is_forgotten_is_not_lost() -> None:
    # Given an ended conversation whose retention is over
    appended, deleted = asyncio.Event(), asyncio.Event()

    class Store(Spied):
        async def delete(self, tenant_id: str, key: str, etag: str) -> None:
            recording.append(asyncio.create_task(pipeline.record(line)))
            await appended.wait()
            try:
                await super().delete(tenant_id, key, etag)
            finally:
                deleted.set()

    async def wait() -> None:
        appended.set()
        await deleted.wait()

    store, recording = Store(), list[asyncio.Task[None]]()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(at=format_time(NOW)), ended(at=format_time(NOW + timedelta(seconds=1))))
    pipeline.clock.advance(timedelta(days=2))
    await pipeline.timers.perform_due("contoso", "c1")
    pipeline.clock.advance(timedelta(days=4000))
    line = message(at=format_time(pipeline.clock.now()), text="I am back", event_id="back")
    # When it is forgotten while a customer writes: the line is stored before, and the head read after
    store.before["read_head"] = wait
    await pipeline.timers.perform_due("contoso", "c1")
    await asyncio.gather(*recording)
    # Then the accepted line is stored
    loaded = await store.load("contoso", "c1")
    assert [fact.event.id for fact in loaded.facts] == ["back"]


async def test_a_redelivered_line_that_a_crash_left_is_folded_though_a_later_fact_was_faster() -> None:
    # Given a conversation of people, and a bot's first word that a crash left appended, but not folded
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    at = [format_time(NOW + timedelta(seconds=second)) for second in range(10)]
    pipeline.clock.advance(timedelta(seconds=20))
    await pipeline.record(started(at=at[0], context_variables=HUMANS))
    word = message(at=at[5], role="bot", author_id="helper", event_id="word")
    await MemoryConversations.append(store, "contoso", "c1", [fact_of(word, pipeline.clock.now())])
    other = shared_stores(pipeline, clock=pipeline.clock)

    # When it is delivered again, and another process commits a later fact just before this one does
    async def later() -> None:
        await other.record(escalated(at=at[6], event_id="later"))

    store.before["commit"] = later
    await pipeline.record(word)
    # Then the head is what the facts make it
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_question_that_is_answered_by_a_clock_behind_is_not_late_by_an_hour() -> None:
    # Given a conversation that a silent customer left, with a reminder due
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=format_time(NOW)), message(at=format_time(NOW), role="customer"))
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    assert found[0].due_at is not None
    due_at = found[0].due_at
    # And the process that sweeps, whose clock is a second ahead of the process that answers
    sweeper = shared_stores(pipeline, clock=MovableClock(due_at))
    pipeline.clock.advance(due_at - timedelta(seconds=1) - pipeline.clock.now())
    # When they go on for five minutes
    for _ in range(60):
        await sweeper.sweep.run()
        await pipeline.drain()
        sweeper.clock.advance(timedelta(seconds=5))
        pipeline.clock.advance(timedelta(seconds=5))
    # Then what was due is done: the head's time is another one
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    assert found[0].due_at != due_at


async def test_a_late_line_that_waited_is_in_the_archive() -> None:
    # Given a conversation that ended, and a late line that another process received 61 s before the archive's time
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    at = [format_time(NOW + timedelta(seconds=second)) for second in range(10)]
    pipeline.clock.advance(timedelta(seconds=20))
    await pipeline.record(started(at=at[0]), message(at=at[1], event_id="a"), ended(at=at[9]))
    found = await store.read_head("contoso", "c1")
    assert found is not None
    assert found[0].due_at is not None
    pipeline.clock.advance(found[0].due_at - timedelta(seconds=61) - pipeline.clock.now())
    archiver = shared_stores(pipeline, clock=pipeline.clock)
    late = message(at=at[5], event_id="late", text="I was late")
    loaded, appended = asyncio.Event(), asyncio.Event()

    # When its append (throttled, or behind a turn that retries) takes until the archiver has loaded
    async def slow() -> None:
        await loaded.wait()

    store.before["append"] = slow
    recording = asyncio.create_task(pipeline.record(late))
    await asyncio.sleep(0)
    pipeline.clock.advance(timedelta(seconds=62))

    async def save() -> None:
        loaded.set()
        await recording
        appended.set()

    store.before["save_head"] = save
    await archiver.timers.perform_due("contoso", "c1")
    assert appended.is_set()
    # Then within three days of sweeps it is archived too
    for _ in range(72):
        pipeline.clock.advance(timedelta(hours=1))
        await pipeline.sweep.run()
        await pipeline.drain()
    parts = await pipeline.archive.parts("contoso", "c1")
    assert any(b'"late"' in part for part in parts)


async def test_a_line_that_a_crash_left_after_the_end_goes_on_though_an_earlier_one_is_delivered_again_first() -> None:
    # Given a conversation that ended, a line after it, and another one that a crash left appended, but not folded
    pipeline = await InMemory().configured()
    at = [format_time(NOW + timedelta(seconds=second)) for second in range(10)]
    pipeline.clock.advance(timedelta(seconds=20))
    subject, channel = threaded(), {"accountId": "contoso-chat", "channelId": "webchat", "threadId": THREAD_ID}
    first, second = (message(subject, at[second], f"line-{second}") for second in (5, 6))
    await pipeline.record(started(subject, at[0], channel=channel), ended(subject, at[3]), first)
    await pipeline.conversations.append("contoso", subject, [fact_of(second, pipeline.clock.now())])
    # When both are delivered again, in their order
    await pipeline.record(first, second)
    await pipeline.drain()
    # Then both go on in the thread's next conversation
    facts = (await pipeline.conversations.load("contoso", threaded(number=2))).facts
    assert {"line-5", "line-6"} <= {fact.event.id for fact in facts}


async def test_a_line_that_a_crash_left_is_folded_though_it_is_delivered_again_together_with_the_end() -> None:
    # Given a conversation of people, and a bot's first word that a crash left appended, but not folded
    pipeline = await InMemory().configured()
    at = [format_time(NOW + timedelta(seconds=second)) for second in range(10)]
    pipeline.clock.advance(timedelta(seconds=20))
    await pipeline.record(started(at=at[0], context_variables=HUMANS))
    word = message(at=at[5], role="bot", author_id="helper", event_id="word")
    await pipeline.conversations.append("contoso", "c1", [fact_of(word, pipeline.clock.now())])
    # When it is delivered again, and the end comes while it waits
    await asyncio.gather(pipeline.record(word), pipeline.record(ended(at=at[9])))
    # Then the head, and the bill, are what the facts make them
    assert (await pipeline.rebuild.compare("contoso")).differences == []
