"""Two processes perform one conversation's effects, and one of them stalls between any two steps."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.events.catalog import Event
from shared.events.codec import encode_event
from shared.events.data import ChannelReference
from shared.events.envelope import parse_time
from shared.threads.thread import thread_key
from shared.usage.ledger import LedgerRow
from tests.builders import PSEUDONYMS, ended, escalated, message, started
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryConversations, MemoryLedger, MemoryPublisher, MemoryThreads

THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}
FIRST = started(at="2026-11-02T10:00:00Z", channel=THREAD)
LATER: Sequence[Event] = [
    started(at="2026-10-30T10:00:00Z", event_id="earlier", channel=THREAD),
    message(at="2026-10-29T10:00:00Z", event_id="bot", role="bot"),
    escalated(at="2026-11-02T10:02:00Z", event_id="e"),
    ended(at="2026-11-02T10:30:00Z", event_id="end"),
    ended(at="2026-11-02T10:20:00Z", event_id="an earlier end"),
    message(at="2026-11-02T10:40:00Z", event_id="after"),
]


class Stall:
    """Lets a number of operations through, then holds the next one back until it is released."""

    def __init__(self, operations: int) -> None:
        self.left, self.reached, self.released = operations, asyncio.Event(), asyncio.Event()


class Stalling:
    """A port of a process that stalls before an operation."""

    def __init__(self, port: Any, stall: Stall) -> None:
        self._port, self._stall = port, stall

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        operation, stall = getattr(self._port, name), self._stall

        async def stalling(*given: Any, **named: Any) -> Any:
            stall.left -= 1
            if stall.left == 0:
                stall.reached.set()
                await stall.released.wait()
            return await operation(*given, **named)

        return stalling


async def stalled(operations: int, first: Event, others: Sequence[Event], ledger: MemoryLedger) -> bool:
    """Whether one process stalled, before this operation, while another one recorded and performed the other events."""
    stores: dict[str, Any] = {
        "conversations": MemoryConversations(), "ledger": ledger, "thread_store": MemoryThreads(),
    }  # fmt: skip
    stall, publisher = Stall(operations), MemoryPublisher()
    clock = MovableClock(parse_time("2026-11-20T12:00:00Z"))
    quick = await InMemory(**stores, publisher=publisher, clock=clock).configured()
    ports: dict[str, Any] = {name: Stalling(port, stall) for name, port in stores.items()}
    slow = InMemory(
        **ports,
        publisher=publisher,
        clock=clock,
        configuration_store=quick.configuration_store,
    )
    task = asyncio.create_task(slow.deliveries.deliver(encode_event(first)))
    waiting = asyncio.create_task(stall.reached.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for event in others:
        await quick.deliveries.deliver(encode_event(event))
    stall.released.set()
    await task
    await quick.deliveries.deliver(encode_event(first))
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        await quick.sweep.run()
        await quick.drain()
    # The rows are what the facts say, the counters what the rows add up to, and nothing is left to be done.
    assert (await quick.rebuild.compare("contoso")).differences == []
    found = await quick.conversations.read_head("contoso", "c1")
    assert found is not None
    conversation = found[0].conversation
    assert found[0].outbox == {}
    # In its thread the conversation ends when it does, whoever said so last; once another one follows it, it stays.
    thread = await quick.thread_store.load("contoso", thread_key(PSEUDONYMS, ChannelReference.model_validate(THREAD)))
    last = thread[0].conversations[-1] if thread else None
    assert last is None or last.conversation_id != "c1" or last.closed_at == conversation.closed_at
    return stall.reached.is_set()


async def check_every_step(others: Sequence[Event], first: Event = FIRST, ledger: Any = MemoryLedger) -> int:
    steps = 0
    while await stalled(steps + 1, first, others, ledger()):
        steps += 1
    return steps


async def test_whatever_step_a_performer_stalls_at_nothing_that_was_removed_comes_back() -> None:
    # Given a conversation that moves to another month, is escalated and ended while its first effect is held back
    # Then, before whatever step that is, the row of the higher revision stands
    assert await check_every_step(LATER) >= 5


@settings(max_examples=40)
@given(st.permutations(LATER), st.integers(0, len(LATER)), st.integers(1, 12))
def test_so_it_is_for_any_facts_in_any_order(order: list[Event], number: int, operations: int) -> None:
    events = [FIRST, *order[:number]]

    async def check() -> None:
        await stalled(operations, events[-1], events[:-1], MemoryLedger())

    asyncio.run(check())


class WithoutRevisions(MemoryLedger):
    """A ledger in which whoever posts last is right."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        stored = await self.row(tenant_id, row.month, row.key)
        above = row.model_copy(update={"revision": max(row.revision, (stored.revision if stored else 0) + 1)})
        await super().post(tenant_id, above)
        return 0


async def test_control_a_ledger_without_revisions_is_noticed() -> None:
    with pytest.raises(AssertionError, match="differ"):
        await check_every_step(LATER, ledger=WithoutRevisions)


class WithoutTombstones(MemoryLedger):
    """A ledger that forgets the revision of what it removed."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        above = await super().post(tenant_id, row)
        if row.excluded == "moved":
            self._rows.lose(tenant_id, row.total, row.key)
        return above


async def test_control_a_ledger_without_tombstones_is_noticed() -> None:
    with pytest.raises(AssertionError, match="differ"):
        await check_every_step(LATER, ledger=WithoutTombstones)
