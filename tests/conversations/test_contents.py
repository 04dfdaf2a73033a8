"""What was too large for events lives as long as its conversation: read, archived, carried on, forgotten with it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from shared.conversations.contents import Contents
from shared.conversations.transcript import transcript
from shared.effects.archive import archived_facts
from shared.errors import OverflowUnavailable
from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn, check_in, checks_of
from shared.events.envelope import format_time
from shared.events.overflow import POSTS, Overflow, place_of, publish
from shared.events.pseudonym import Pseudonyms
from tests.builders import PSEUDONYMS, contoso, document, ended, escalated, message, started, threaded
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.fakes import MemoryConversations, MemoryOverflow, MemoryPublisher

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
RETENTION = timedelta(days=contoso().retention_days)
HISTORY = [
    {"id": f"h{n}", "author": {"role": "bot", "id": "contoso-bot"}, "text": f"{n} " + "x" * 1000} for n in range(300)
]
OTHER_HISTORY = [{**line, "text": f"other {line['text']}"} for line in HISTORY]
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}


def at(seconds: int) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


def large(**members: Any) -> CheckedIn:
    return check_in(escalated(at=at(-30), transcript=HISTORY, **members))


async def accepted(pipeline: InMemory, *events: Event) -> None:
    """Take events as an ingress does, and deliver all that is published."""
    await publish(
        pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, [check_in(event) for event in events], NOW
    )
    await pipeline.drain()


async def over(in_memory: Pipelines = InMemory, **ports: Any) -> InMemory:
    """A pipeline with a conversation that was handed over with a long history, and ended now."""
    pipeline = await in_memory(**ports).configured()
    await accepted(pipeline, started(at=at(-60)), escalated(at=at(-30), transcript=HISTORY), ended(at=at(0)))
    assert len(pipeline.overflow.contents) == 1
    return pipeline


async def swept(pipeline: InMemory, later: timedelta) -> None:
    pipeline.clock.advance(NOW + later - pipeline.clock.now())
    await pipeline.sweep.run()
    await pipeline.drain()


async def test_with_its_retention_a_parked_events_contents_are_forgotten(in_memory: Pipelines = InMemory) -> None:
    # Given a hand-over of a thread on a channel that nobody knows, with a long history: it is parked when delivered
    pipeline = await in_memory().configured()
    unknown = {**THREAD, "channelId": "nowhere"}
    await accepted(pipeline, escalated(None, at=at(-30), channel=unknown, transcript=HISTORY))
    assert (len(await pipeline.parked.parked("contoso")), len(pipeline.overflow.contents)) == (1, 1)
    # and one of a conversation whose contents must stay, whatever becomes of what was parked with its name
    await accepted(pipeline, started(at=at(-60)), escalated(at=at(-30), transcript=HISTORY))
    # When its retention is just not over, then nothing is forgotten
    pipeline.clock.advance(RETENTION)
    assert await pipeline.parked_event_service.forget_expired() == 0
    # and when it is over, then the event is, with its contents
    pipeline.clock.advance(SECOND)
    assert await pipeline.parked_event_service.forget_expired() == 1
    assert list(await pipeline.parked.parked("contoso", replayed=True)) == []
    assert [place for _, place, _ in pipeline.overflow.contents] == ["c1"]


class Watching(MemoryPublisher):
    """A publisher that looks whether all that its events stand for is kept by then."""

    def __init__(self, overflow: MemoryOverflow) -> None:
        super().__init__()
        self.overflow, self.missing = overflow, 0

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        checks = [(event, check) for event in events for check in checks_of(event)]
        kept = [
            await self.overflow.get(tenant_id, place_of(event, PSEUDONYMS), check.sha256) for event, check in checks
        ]
        self.missing += kept.count(None)
        await super().publish(tenant_id, events)


Publish = Callable[[EventPublisher, Overflow, str, Pseudonyms, Sequence[CheckedIn], datetime], Awaitable[None]]


async def test_contents_are_kept_before_their_event_is_published(publish: Publish = publish) -> None:
    overflow = MemoryOverflow()
    publisher = Watching(overflow)
    await publish(publisher, overflow, "contoso", PSEUDONYMS, [large()], NOW)
    assert (len(publisher.events), publisher.missing) == (1, 0)


async def test_where_contents_cannot_be_kept_nothing_is_published() -> None:
    class Down(MemoryOverflow):
        async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
            raise OverflowUnavailable

    publisher = MemoryPublisher()
    with pytest.raises(OverflowUnavailable):
        await publish(publisher, Down(), "contoso", PSEUDONYMS, [large()], NOW)
    assert publisher.events == []


async def test_the_archive_has_the_whole_transcript_and_the_facts_as_they_were_recorded() -> None:
    pipeline = await over()
    await swept(pipeline, DAY)
    (part,) = await pipeline.archive.parts("contoso", "c1")
    lines = [entry["text"] for entry in json.loads(part)["transcript"]]
    assert lines[:-1] == [line["text"] for line in HISTORY]
    # and its facts lead to the same lines, as long as the contents are there
    facts = await Contents(pipeline.overflow).restored("contoso", "c1", archived_facts(part))
    assert [entry.text for entry in transcript(facts, "agent")] == lines


async def test_with_its_retention_a_conversations_contents_are_deleted() -> None:
    pipeline = await over()
    await pipeline.overflow.put("contoso", "c2", "0", b"another conversation's")
    await swept(pipeline, DAY)
    await swept(pipeline, RETENTION - SECOND)
    assert len(pipeline.overflow.contents) == 2
    await swept(pipeline, RETENTION)
    assert list(pipeline.overflow.contents) == [("contoso", "c2", "0")]


class Interrupted(Exception):
    pass


class Interruptible(MemoryOverflow):
    """An overflow whose next deletion of a content does not come to pass."""

    interrupted = False

    async def discard(self, tenant_id: str, place: str, sha256: str) -> None:
        if place != POSTS and not self.interrupted:
            self.interrupted = True
            raise Interrupted
        await super().discard(tenant_id, place, sha256)


async def crashed_while_forgetting() -> InMemory:
    """A pipeline that forgot a conversation, and crashed before its contents were deleted."""
    pipeline = await over(overflow=Interruptible())
    await swept(pipeline, DAY)
    pipeline.clock.advance(RETENTION)
    await pipeline.sweep.run()
    (question,) = pipeline.publisher.events
    pipeline.publisher.events.clear()
    with pytest.raises(Interrupted):
        await pipeline.deliveries.deliver(question.to_json().encode())
    assert (await pipeline.conversations.load("contoso", "c1")).facts == []
    assert "c1" in {place for _, place, _ in pipeline.overflow.contents}
    return pipeline


async def test_a_crash_before_the_contents_are_deleted_is_made_good() -> None:
    # Given contents that a crash left of a forgotten conversation
    pipeline = await crashed_while_forgetting()
    # When what a crash left is deleted, then nothing is there any more, and the next time there is nothing to do
    assert await pipeline.forgotten.delete_left_over() == 1
    assert pipeline.overflow.contents == {}
    assert await pipeline.forgotten.delete_left_over() == 0


async def test_contents_of_a_conversation_that_came_again_stay() -> None:
    # Given such contents, and the conversation's id, which comes again
    pipeline = await crashed_while_forgetting()
    await pipeline.record(started(event_id="anew", at=format_time(pipeline.clock.now())))
    # When what a crash left is deleted, then they stay, since they may be the living one's
    assert await pipeline.forgotten.delete_left_over() == 0
    assert "c1" in {place for _, place, _ in pipeline.overflow.contents}
    # and go when that one was forgotten, too
    await pipeline.record(ended(event_id="end", at=format_time(pipeline.clock.now())))
    for later in (RETENTION + 2 * DAY, 2 * RETENTION + 3 * DAY):
        await swept(pipeline, later)
    assert (await pipeline.conversations.load("contoso", "c1")).head is None
    assert await pipeline.forgotten.delete_left_over() == 1
    assert pipeline.overflow.contents == {}


async def test_an_event_that_is_on_its_way_while_its_conversation_is_forgotten_keeps_its_contents() -> None:
    # Given a conversation whose retention is over, and an event for its id that was accepted meanwhile
    pipeline = await over()
    await swept(pipeline, DAY)
    pipeline.clock.advance(RETENTION)
    await pipeline.sweep.run()
    late = check_in(escalated(at=format_time(pipeline.clock.now()), event_id="anew", transcript=OTHER_HISTORY))
    await publish(pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, [late], NOW)
    # When the conversation is forgotten first, then the event is recorded whole
    await pipeline.drain()
    lines = await pipeline.lines("c1", "agent")
    assert len(lines) == len(OTHER_HISTORY) + 1


async def test_the_contents_of_an_event_that_is_parked_go_with_it() -> None:
    # Given an event that is parked with its conversation's name, which no conversation has
    pipeline = await InMemory().configured()
    old = check_in(escalated(at="2020-01-01T00:00:00Z", transcript=HISTORY))
    await publish(pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, [old], NOW)
    await pipeline.drain()
    assert len(pipeline.overflow.contents) == 1
    # When it is forgotten, then so are its contents
    pipeline.clock.advance(RETENTION + DAY)
    assert await pipeline.parked_event_service.forget_expired() == 1
    assert pipeline.overflow.contents == {}


class Unreachable(MemoryPublisher):
    """A bus that answers nobody; `takes` is whether it takes what it is sent all the same."""

    takes = False

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        if self.takes:
            await super().publish(tenant_id, events)
        raise ConnectionError


async def posted(pipeline: InMemory, publisher: EventPublisher) -> None:
    """Post two lines that are too large for events, one of a thread whose conversation is not known at the ingress."""
    known = message("c1", at=at(-20), event_id="known", text="x" * 300_000)
    unknown = message(None, at=at(-20), event_id="unknown", text="x" * 300_000, channel=THREAD)
    lines = [check_in(known), check_in(unknown)]
    await publish(publisher, pipeline.overflow, "contoso", PSEUDONYMS, lines, pipeline.clock.now())


async def test_contents_of_a_post_that_was_never_acknowledged_go_after_a_day() -> None:
    # Given posts that failed when their contents were kept, and a content of another post, which was acknowledged
    pipeline = await over()
    kept = dict(pipeline.overflow.contents)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await posted(pipeline, Unreachable())
    assert len(pipeline.overflow.contents) > len(kept)
    # When less than a day has passed, then they wait for their sender
    pipeline.clock.advance(DAY - SECOND)
    before = dict(pipeline.overflow.contents)
    assert await pipeline.unacknowledged.delete_left_over() == 0
    assert pipeline.overflow.contents == before
    # When a day has passed, then they are gone, and what was acknowledged is there
    pipeline.clock.advance(SECOND)
    assert await pipeline.unacknowledged.delete_left_over() == 1
    assert pipeline.overflow.contents == kept


async def test_contents_of_a_post_that_was_repeated_stay_wherever_its_event_is() -> None:
    # Given a post that failed, and was acknowledged when its sender came again; its event waits on the bus
    pipeline = await over()
    line = check_in(message(at=at(-20), event_id="large", text="x" * 300_000))
    for publisher in (Unreachable(), pipeline.publisher):
        with suppress(ConnectionError):
            await publish(publisher, pipeline.overflow, "contoso", PSEUDONYMS, [line], pipeline.clock.now())
    # When days pass, then its contents are there
    pipeline.clock.advance(3 * DAY)
    assert await pipeline.unacknowledged.delete_left_over() == 0
    assert pipeline.overflow.contents.keys() >= {("contoso", "c1", sha256) for sha256 in line.contents}


class Asked(MemoryOverflow):
    """An overflow in which something happens when a note is looked at for the second time."""

    looks = 0
    then: Callable[[], Awaitable[None]]

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        if place == POSTS:
            self.looks += 1
            if self.looks == 2:
                await self.then()
        return await super().get(tenant_id, place, sha256)


@pytest.mark.parametrize("is_on_its_way", [True, False])
async def test_contents_of_a_post_that_is_repeated_while_left_over_ones_are_deleted_stay(is_on_its_way: bool) -> None:
    # Given a post that failed more than a day ago
    overflow = Asked()
    pipeline = await over(overflow=overflow)
    line = check_in(message(at=at(-20), event_id="large", text="x" * 300_000))

    async def post(publisher: EventPublisher) -> None:
        with suppress(ConnectionError):
            await publish(publisher, overflow, "contoso", PSEUDONYMS, [line], pipeline.clock.now())

    await post(Unreachable())
    pipeline.clock.advance(2 * DAY)
    # When it is sent again, and is accepted, or not yet, after somebody looked which contents are named by facts
    overflow.then = partial(post, Unreachable() if is_on_its_way else pipeline.publisher)
    assert await pipeline.unacknowledged.delete_left_over() == 0
    # Then its contents are there
    assert overflow.contents.keys() >= {("contoso", "c1", sha256) for sha256 in line.contents}


async def test_contents_of_a_post_stay_that_was_recorded_although_nobody_knew() -> None:
    # Given a bus that took an event, and whose answer was lost
    pipeline, silent = await over(), Unreachable()
    silent.takes, silent.events = True, pipeline.publisher.events
    line = check_in(message(at=at(-20), event_id="large", text="x" * 300_000))
    with pytest.raises(ConnectionError):
        await publish(silent, pipeline.overflow, "contoso", PSEUDONYMS, [line], NOW)
    await pipeline.drain()
    # When a day has passed, then the line is whole
    pipeline.clock.advance(DAY)
    assert await pipeline.unacknowledged.delete_left_over() == 1
    assert "x" * 300_000 in [entry.text for entry in await pipeline.lines("c1", "agent")]
    assert await pipeline.unacknowledged.delete_left_over() == 0


async def test_no_question_deletes_the_contents_of_a_message_that_is_on_its_way() -> None:
    # Given an event of 300 KB that is on its way, in a conversation that does not exist yet
    pipeline = await InMemory().configured()
    await publish(pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, [large()], NOW)
    before = dict(pipeline.overflow.contents)
    # When whoever can reach the bus asks as if the sweep did, many times, under whatever name
    for source in ("/patchbay/sweep", "/patchbay", "/patchbay/sweep/", "/tests"):
        question = document("inactivity.timeout", {"dueAt": at(0)}, at=at(0), source=source)
        for _ in range(50):
            await pipeline.deliveries.deliver(json.dumps(question).encode())
    # Then the contents are there
    assert pipeline.overflow.contents == before


async def test_whoever_asks_of_a_conversation_that_did_not_begin_yet_deletes_nothing() -> None:
    # Given an event that is on its way
    pipeline = await InMemory().configured()
    await publish(pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, [large()], NOW)
    # When a channel asks whether its conversation is silent
    question = document("inactivity.timeout", {"dueAt": at(0)}, at=at(0))
    await pipeline.deliveries.deliver(json.dumps(question).encode())
    # Then the event's history is there when it arrives
    await pipeline.drain()
    assert len(await pipeline.lines("c1", "agent")) == len(HISTORY) + 1


async def test_a_line_that_comes_while_a_conversation_is_forgotten_keeps_its_contents(
    in_memory: Pipelines = InMemory,
) -> None:
    # Given a line, just young enough, that is recorded just before the store forgets
    class Late(MemoryConversations):
        late: Event | None = None

        async def delete(self, tenant_id: str, key: str, etag: str) -> None:
            if (line := self.late) is not None:
                self.late = None
                await pipeline.record(line)
            await super().delete(tenant_id, key, etag)

    store = Late()
    pipeline = await over(in_memory, conversations=store)
    await swept(pipeline, DAY)
    store.late = message(at=at(1), event_id="late", text="in time", role="agent")
    await swept(pipeline, RETENTION)
    # Then the conversation is whole
    lines = await pipeline.lines("c1", "agent")
    assert [line.text for line in lines][-1] == "in time"
    assert len(lines) == len(HISTORY) + 2


async def test_what_an_end_did_not_know_of_goes_on_with_contents_of_its_own(in_memory: Pipelines = InMemory) -> None:
    # Given a thread's conversation that ended before its bot handed over, as it turns out
    pipeline = await in_memory().configured()
    handed_over = escalated(at=at(-30), transcript=HISTORY)
    await accepted(pipeline, started(at=at(-60), channel=THREAD), ended(at=at(-40)), handed_over)
    # Then the hand-over goes on in the next conversation, with its history
    following = threaded("t", 2)
    assert {place for _, place, _ in pipeline.overflow.contents} == {"c1", following}
    assert len(await pipeline.lines(following, "agent")) == len(HISTORY) + 1
    # and keeps it when the first one is forgotten
    await pipeline.overflow.delete("contoso", "c1")
    lines = await pipeline.lines(following, "agent")
    assert [line.text for line in lines[:-1]] == [line["text"] for line in HISTORY]


async def test_what_an_event_without_a_subject_stands_for_survives_every_crash_of_its_delivery() -> None:
    # Given an overflow that fails once at each step of the delivery
    class Failing(MemoryOverflow):
        failures: list[str]

        async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
            self.fail("put")
            await super().put(tenant_id, place, sha256, content)

        async def delete(self, tenant_id: str, place: str) -> None:
            self.fail("delete")
            await super().delete(tenant_id, place)

        def fail(self, step: str) -> None:
            if step in self.failures:
                self.failures.remove(step)
                raise Interrupted

    overflow = Failing()
    overflow.failures = []
    pipeline = await InMemory(overflow=overflow).configured()
    made = check_in(escalated(None, at=at(-30), transcript=HISTORY, channel=THREAD))
    await publish(pipeline.publisher, overflow, "contoso", PSEUDONYMS, [made], NOW)
    overflow.failures = ["put", "delete"]
    # When it is delivered until that succeeds, and once more
    for _ in range(2):
        with pytest.raises(Interrupted):
            await pipeline.deliveries.deliver(made.event.to_json().encode())
    for _ in range(2):
        await pipeline.deliveries.deliver(made.event.to_json().encode())
    # Then its history is whole, at its conversation's place only
    key = threaded("t")
    assert len(await pipeline.lines(key, "agent")) == len(HISTORY) + 1
    assert {place for _, place, _ in overflow.contents} == {key}
