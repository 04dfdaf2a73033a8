"""A change finds the conversation of its line, begins none, and goes on where its line does."""

from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.lists import Selection
from shared.events.catalog import Event
from shared.events.codec import encode_event
from shared.events.envelope import format_time
from tests.builders import changed, ended, message, started, threaded
from tests.conversations.pipelines import NOW, InMemory

THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t|1"}
FIRST, SECOND = threaded("t|1", 1), threaded("t|1", 2)


def at(seconds: float) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


def said(event_id: str, second: float, **data: Any) -> Event:
    return message(None, at(second), event_id, channel=THREAD, **data)


def edit(line: str, second: float, conversation: str | None = None) -> Event:
    return changed(line, conversation, at(second), text="changed", channel=THREAD)


def stop(second: float) -> Event:
    return ended(None, at(second), channel=THREAD, ended_by="agent")


async def delivered(*events: Event, pipeline: InMemory | None = None) -> InMemory:
    pipeline = pipeline or await InMemory().configured()
    pipeline.clock.advance(NOW + timedelta(hours=1) - pipeline.clock.now())
    for event in events:
        await pipeline.deliveries.deliver(encode_event(event))
        await pipeline.drain()
    return pipeline


async def shown(pipeline: InMemory) -> dict[str, list[tuple[str | None, str | None]]]:
    """The id and text of each line, by conversation."""
    heads = (await pipeline.reading.page("contoso", Selection(), None)).heads
    ids = {head.conversation.key: head.conversation.conversation_id for head in heads}
    return {
        conversation: [(line.id, line.text) for line in await pipeline.lines(key, "agent")]
        for key, conversation in ids.items()
    }


async def test_a_change_finds_its_line_after_the_thread_went_on() -> None:
    # given two conversations of a thread
    pipeline = await delivered(said("m1", 0, text="old"), stop(10), said("m2", 20, text="new"))
    # when lines of both are changed, the old one after the new conversation began
    await delivered(edit("m1", 30), edit("m2", 31), edit("m1", 32), pipeline=pipeline)
    # then each shows its own
    assert await shown(pipeline) == {FIRST: [("m1", "changed")], SECOND: [("m2", "changed")]}


async def test_a_change_that_comes_before_its_line_waits_for_it_and_begins_nothing() -> None:
    # given a change of a line that has not come
    pipeline = await delivered(edit("m1", 5))
    assert await shown(pipeline) == {FIRST: [("m1", "changed")]}
    # when the line comes, said at another time by somebody whom the change did not name
    await delivered(said("m1", 3, text="first"), pipeline=pipeline)
    # then it shows the change, and the conversation began with the line
    assert await shown(pipeline) == {FIRST: [("m1", "changed")]}
    [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert head.conversation.started_at == NOW + timedelta(seconds=3)


async def test_a_conversation_begins_with_its_first_line_and_not_with_a_change_before_it() -> None:
    pipeline = await delivered(edit("m0", 5), said("m1", 500))
    [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert head.conversation.started_at == NOW + timedelta(seconds=500)


async def test_a_line_that_goes_on_takes_its_changes_along() -> None:
    # given a line after an end that comes later, and a change of it, and one of a line from before the end
    conversation = FIRST
    before: list[Event] = [said("m1", 0, text="old"), said("m2", 20, text="new"), edit("m2", 30, conversation)]
    # when the end arrives
    pipeline = await delivered(*before, stop(10))
    # then the line is in the next conversation as it is by now
    found = await shown(pipeline)
    assert found[SECOND] == [("m2", "changed")]
    # and a later change reaches it there
    await delivered(changed("m2", None, at(40), text="again", channel=THREAD), pipeline=pipeline)
    assert await shown(pipeline) == {FIRST: [("m1", "old")], SECOND: [("m2", "again")]}


@pytest.mark.parametrize("conversation", [None, "c9"])
async def test_a_change_alone_begins_no_conversation_and_is_forgotten_like_others(conversation: str | None) -> None:
    # given a change of a line that never comes
    pipeline = await delivered(edit("m1", 5, conversation))
    # when a start is long overdue, then none is assumed, and nothing is counted
    for after in (timedelta(minutes=10), timedelta(days=29)):
        pipeline.clock.advance(after)
        await pipeline.sweep.run()
        await pipeline.drain()
        [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
        assert (head.conversation.started_at, head.conversation.closed_at) == (None, None)
    # and after 30 days it ends, and then it is archived and forgotten
    for after in (timedelta(days=2), timedelta(days=2), timedelta(days=400)):
        pipeline.clock.advance(after)
        await pipeline.sweep.run()
        await pipeline.drain()
    assert (await pipeline.reading.page("contoso", Selection(), None)).heads == []


async def test_a_start_after_a_change_counts_as_usual() -> None:
    pipeline = await delivered(edit("m1", 1, "c9"), started("c9", at(2)), message("c9", at(3), "m1"))
    assert await shown(pipeline) == {"c9": [("m1", "changed")]}
