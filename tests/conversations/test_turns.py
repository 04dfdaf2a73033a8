"""In one process a conversation is worked on by one task at a time, on all that came meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.conversations.fact import Fact
from shared.conversations.ports import Beside, Head
from shared.conversations.turns import MOST_BYTES, MOST_ITEMS, Place, Turns, Worked
from shared.errors import DocumentTooLarge, EventIdConflict, StoreUnavailable
from shared.events.catalog import Event
from shared.events.envelope import format_time
from tests.builders import ended, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.conversations.test_record import PowerCut, Spied
from tests.fakes import MemoryConversations

PLACE = ("contoso", "c1")


class Worker:
    """Notes the groups that it gets, and waits in each until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.goes_on = asyncio.Event()
        self.turns = Turns[str, str](self.work)

    async def work(self, place: Place, items: Sequence[str]) -> Worked[str]:
        self.groups.append(list(items))
        await self.goes_on.wait()
        return Worked([f"{place[1]}: {item}" for item in items])

    def take(self, item: str, key: str = "c1", size: int = 1) -> "asyncio.Task[str]":
        return asyncio.create_task(self.turns.take(("contoso", key), item, size))


async def until_idle() -> None:
    """Let all tasks run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_worked_on_together_and_other_conversations_do_not_wait() -> None:
    # Given a conversation that is worked on
    worker = Worker()
    first = worker.take("a")
    await until_idle()
    # When more comes for it, and for another one
    more = [worker.take("b"), worker.take("c"), worker.take("x", "c2")]
    await until_idle()
    assert worker.groups == [["a"], ["x"]]
    worker.goes_on.set()
    # Then what came meanwhile is one group, and each caller has its own outcome
    assert await asyncio.gather(first, *more) == ["c1: a", "c1: b", "c1: c", "c2: x"]
    assert worker.groups == [["a"], ["x"], ["b", "c"]]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([1] * (MOST_ITEMS + 1), [MOST_ITEMS, 1]),
        ([MOST_BYTES // 2, MOST_BYTES // 2, 1], [2, 1]),
        ([1, MOST_BYTES + 1, 1], [1, 1, 1]),
    ],
)
async def test_a_group_has_a_bound_and_comes_in_order(sizes: list[int], groups: list[int]) -> None:
    # Given a conversation that is worked on, for which much comes
    worker = Worker()
    worker.take("a")
    await until_idle()
    tasks = [worker.take(str(number), size=size) for number, size in enumerate(sizes)]
    await until_idle()
    worker.goes_on.set()
    await asyncio.gather(*tasks)
    # Then no group has more than its bound, but for a single item that is longer
    assert [len(group) for group in worker.groups[1:]] == groups
    assert [item for group in worker.groups[1:] for item in group] == [str(number) for number in range(len(sizes))]


async def test_a_cancelled_caller_leaves_the_group_unharmed() -> None:
    # Given three callers, whose items are worked on together
    worker = Worker()
    tasks = [worker.take(item) for item in "abc"]
    await until_idle()
    # When the first is cancelled, then the others get their outcomes, and its item was worked on
    tasks[0].cancel()
    await until_idle()
    worker.goes_on.set()
    assert await asyncio.gather(*tasks[1:]) == ["c1: b", "c1: c"]
    assert worker.groups == [["a", "b", "c"]]


async def test_whatever_ends_the_work_reaches_each_caller_and_the_next_group_is_worked_on() -> None:
    async def work(place: Place, items: Sequence[str]) -> Worked[str]:
        if "bad" in items:
            raise PowerCut
        return Worked(items)

    turns = Turns[str, str](work)
    taken = await asyncio.gather(*(turns.take(PLACE, item, 1) for item in ("bad", "good")), return_exceptions=True)
    assert [type(one) for one in taken] == [PowerCut, PowerCut]
    assert await turns.take(PLACE, "good", 1) == "good"


async def test_facts_that_wait_for_one_head_are_committed_together() -> None:
    # Given all events of a conversation, of which the end comes first, as after an outage
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    lines = [message(at=f"2026-10-05T10:00:{n:02}Z", event_id=f"m{n}") for n in range(1, 21)]
    events: list[Event] = [ended(at="2026-10-05T10:02:00Z"), *lines, escalated(at="2026-10-05T10:01:00Z"), started()]
    # When they are recorded at once, one of them twice
    outcomes = await asyncio.gather(*(pipeline.recorder.record("contoso", event) for event in [*events, events[0]]))
    # Then they are written together, and each caller knows what became of its own
    assert store.asked.count("commit") == 1
    assert outcomes == ["recorded"] * len(events) + ["duplicate"]
    # and the result is that of recording one after the other
    calm = await InMemory().configured()
    await calm.record(*events)
    assert await pipeline.outcome() == await calm.outcome()
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_where_a_group_fails_each_fact_has_its_own_outcome() -> None:
    # Given a store that cannot hold one of the lines, and a line whose id is taken
    class Picky(MemoryConversations):
        async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
            if any(fact.event.id == "long" for fact in facts):
                raise DocumentTooLarge(2_000_000)
            await super().append(tenant_id, key, facts, beside)

    pipeline = await InMemory(conversations=Picky()).configured()
    await pipeline.record(started(), message(event_id="taken"))
    # When they come together with a good one, which comes twice
    lines = [
        message(event_id="long"), message(event_id="good"), message(event_id="taken", text="other"),
        message(event_id="good"), message(event_id="good", text="other"),
    ]  # fmt: skip
    outcomes = await asyncio.gather(
        *(pipeline.recorder.record("contoso", one) for one in lines), return_exceptions=True
    )
    # Then only those are refused that have to be
    assert [one if isinstance(one, str) else type(one) for one in outcomes] == [
        DocumentTooLarge, "recorded", EventIdConflict, "duplicate", EventIdConflict,
    ]  # fmt: skip


class RecordsElsewhere:
    """Performs effects by recording into another conversation, and notes who did."""

    def __init__(self) -> None:
        self.pipeline: InMemory | None = None
        self.told: list[str] = []

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        assert self.pipeline is not None
        other = {"c1": "c2", "c2": "c1"}[key]
        if len(self.told) < 10:
            self.told.append(key)
            await self.pipeline.recorder.record(tenant_id, message(other, event_id=f"by {key} {len(self.told)}"))


async def test_two_conversations_that_record_into_each_other_do_not_wait_for_each_other() -> None:
    # Given effects of each of two conversations that are recorded in the other one
    elsewhere = RecordsElsewhere()
    pipeline = await InMemory().configured()
    elsewhere.pipeline = pipeline
    pipeline.recorder = replace(pipeline.recorder, effects=elsewhere)
    # When both begin at once, then both are recorded
    begun = (pipeline.recorder.record("contoso", started(name)) for name in ("c1", "c2"))
    assert await asyncio.wait_for(asyncio.gather(*begun), 10) == ["recorded", "recorded"]
    assert set(elsewhere.told) == {"c1", "c2"}


class WithinTheTurn(Turns[Any, Any]):
    """Leaves nothing for the time after a turn."""

    def __init__(self, work: Any) -> None:
        async def all_within(place: Place, items: Sequence[Any]) -> Worked[Any]:
            worked = await work(place, items)
            if worked.afterwards is not None:
                await worked.afterwards()
            return Worked(worked.outcomes)

        super().__init__(all_within)


async def test_effects_within_the_turn_would_wait_for_ever() -> None:
    elsewhere = RecordsElsewhere()
    pipeline = await InMemory().configured()
    elsewhere.pipeline = pipeline
    recorder = replace(pipeline.recorder, effects=elsewhere)
    recorder._turns = WithinTheTurn(recorder._record)
    pipeline.recorder = recorder
    begun = asyncio.gather(*(recorder.record("contoso", started(name)) for name in ("c1", "c2")))
    await until_idle()
    await until_idle()
    assert not begun.done()
    begun.cancel()


async def test_a_cancelled_call_within_the_work_does_not_stop_the_conversation_for_good() -> None:
    # Given work in which something that it waits for is cancelled, once
    calls = 0

    async def work(_: Place, items: Sequence[int]) -> Worked[int]:
        nonlocal calls
        calls += 1
        if calls == 1:
            lost = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost
        return Worked(list(items))

    turns = Turns[int, int](work)
    with pytest.raises(asyncio.CancelledError):
        await turns.take(("t", "k"), 1, 1)
    # When the message is delivered again, then it is worked on
    assert await asyncio.wait_for(turns.take(("t", "k"), 2, 1), 1) == 2


async def test_a_group_that_is_recorded_one_by_one_stops_at_a_store_that_is_away() -> None:
    # Given a line that is stored already, and a store that goes away after it refused its group
    tried = 0

    class Away(MemoryConversations):
        async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
            nonlocal tried
            if is_away and len(facts) == 1:
                tried += 1
                raise StoreUnavailable("it takes 30 s to say so")
            await super().append(tenant_id, key, facts, beside)

    is_away = False
    pipeline = await InMemory(conversations=Away()).configured()
    lines = [message(at=format_time(NOW), event_id=f"m{number}") for number in range(90)]
    await pipeline.record(started(at=format_time(NOW)), lines[0])
    is_away = True
    # When the line is delivered again together with 89 others
    outcomes = await asyncio.gather(*map(pipeline.record, lines), return_exceptions=True)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    # Then they do not wait for 90 attempts one after another: 45 minutes, where a message is locked for 5
    assert tried < 5
