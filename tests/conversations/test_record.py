"""Recording: once, however often delivered; cheap where it can be; whole after a crash anywhere."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.fact import Fact
from shared.conversations.ports import Beside, ConversationStore, Head
from shared.errors import EventIdConflict, TooLate, UnknownTenant
from shared.events.catalog import Event
from shared.events.data import ChannelReference
from shared.events.envelope import format_time
from shared.threads.resolve import Beginning
from tests.builders import ended, escalated, fact_of, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.fakes import MemoryConversations, MemoryLedger

CARD = {"BotHandoffTopic": "CreditCard"}
WHOLE: tuple[Event, ...] = (
    started(),
    message(at="2026-10-05T10:00:10Z"),
    message(at="2026-10-05T10:00:20Z", role="bot"),
    escalated(at="2026-10-05T10:01:00Z", context_variables=CARD),
    ended(at="2026-10-05T10:02:00Z"),
)


class Spied(MemoryConversations):
    """Notes which operations were asked for, and lets something happen before one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.before: dict[str, Callable[[], Awaitable[None]]] = {}

    async def _note(self, name: str) -> None:
        self.asked.append(name)
        if (act := self.before.pop(name, None)) is not None:
            await act()

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Any:
        await self._note("load")
        return await super().load(tenant_id, key, decisions=decisions)

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        await self._note("read_head")
        return await super().read_head(tenant_id, key)

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        await self._note("append")
        await super().append(tenant_id, key, facts, beside)

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        await self._note("commit")
        return await super().commit(tenant_id, key, facts, head, etag, beside)

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        await self._note("save_head")
        return await super().save_head(tenant_id, key, head, etag)


async def test_a_fact_delivered_again_changes_nothing(in_memory: Pipelines = InMemory) -> None:
    # Given a recorded conversation
    pipeline = await in_memory().configured()
    await pipeline.record(*WHOLE)
    outcome = await pipeline.outcome()
    # When each of its facts is delivered again an hour later, then nothing changes
    pipeline.clock.advance(timedelta(hours=1))
    await pipeline.record(*reversed(WHOLE))
    assert await pipeline.outcome() == outcome


@pytest.mark.parametrize("event", [message(event_id="x"), started(event_id="x")])
async def test_the_same_identity_with_other_content_is_refused(event: Event) -> None:
    # Given a recorded event
    pipeline = await InMemory().configured()
    await pipeline.record(event)
    # When another one claims its id, then it is refused, and the first stays
    other = message(event_id="x", text="something else")
    with pytest.raises(EventIdConflict):
        await pipeline.record(other)
    assert [fact.event for fact in (await pipeline.conversations.load("contoso", "c1")).facts] == [event]


async def test_a_retry_whose_time_was_only_assumed_is_no_conflict() -> None:
    # Given an activity without a time of its own, for which the ingress assumed the arrival
    pipeline = await InMemory().configured()
    first = message(event_id="x").model_copy(update={"timeassumed": True})
    retry = message(event_id="x", at="2026-10-05T10:00:09Z").model_copy(update={"timeassumed": True})
    # When it is retried a moment later, then it is a duplicate
    await pipeline.record(first, retry)
    assert len((await pipeline.conversations.load("contoso", "c1")).facts) == 1


async def test_an_unknown_tenant_and_an_event_beyond_retention_are_refused() -> None:
    with pytest.raises(UnknownTenant):
        await InMemory().record(message())
    pipeline = await InMemory().configured()
    await pipeline.record(message(at=format_time(NOW - timedelta(days=365))))
    with pytest.raises(TooLate):
        await pipeline.record(message(at=format_time(NOW - timedelta(days=365, seconds=1))))


async def test_a_line_in_an_open_conversation_costs_one_write_and_one_read() -> None:
    # Given a conversation that a bot has
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(), message(at="2026-10-05T10:00:05Z", role="bot"))
    # When customer and bot go on talking
    for line in (message(at="2026-10-05T10:00:10Z"), message(at="2026-10-05T10:00:20Z", role="bot")):
        store.asked.clear()
        await pipeline.record(line)
        # Then the line is appended and the head looked at, nothing else
        assert store.asked == ["append", "read_head"]


@pytest.mark.parametrize("bot", ["nobody", "nobody" * 20])
async def test_a_further_line_of_a_bot_that_nobody_declares_is_only_stored(bot: str) -> None:
    # Given a conversation that such a bot has spoken in
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    first = message(at="2026-10-05T10:00:10Z", role="bot", author_id=bot)
    await pipeline.record(started(), escalated(at="2026-10-05T10:00:05Z", context_variables=CARD), first)
    store.asked.clear()
    # When it speaks again, then what it is called tells that it is known, however long its name is
    await pipeline.record(message(at="2026-10-05T10:00:20Z", role="bot", author_id=bot))
    assert store.asked == ["append", "read_head"]


async def loads_of(*events: Event) -> int:
    """How often all facts are loaded when these events come one after another."""
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(*events)
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    return store.asked.count("load") - 1  # by the comparison


async def test_agents_who_write_in_turn_have_all_facts_loaded_a_few_times_only() -> None:
    lines = [
        message(at=f"2026-10-05T10:{n // 60:02}:{n % 60:02}Z", event_id=f"m{n}", role="agent", author_id=f"a{n % 2}")
        for n in range(1, 200)
    ]
    assert await loads_of(started(), *lines[:20]) == await loads_of(started(), *lines)


async def test_escalations_of_what_has_not_begun_have_no_other_facts_loaded() -> None:
    times = [f"2026-10-05T10:{n // 60:02}:{n % 60:02}Z" for n in range(200)]
    assert await loads_of(*(escalated(at=at, event_id=f"e{n}") for n, at in enumerate(times))) == 0


async def test_a_line_that_races_with_the_closing_is_seen_by_one_of_them(in_memory: Pipelines = InMemory) -> None:
    # Given a bot's word, dated before the end, that is appended while the closing is being committed
    store = Spied()
    pipeline = await in_memory(conversations=store).configured()
    await pipeline.record(started(context_variables={"BotHandoffTopic": "HomeLoan"}))
    word = message(at="2026-10-05T10:00:30Z", role="bot", author_id="late-bot")

    async def append_meanwhile() -> None:
        await MemoryConversations.append(store, "contoso", "c1", [fact_of(word, NOW)])

    store.before["commit"] = append_meanwhile
    # When the closing is recorded (and the word's own handler died after its append)
    await pipeline.record(ended(at="2026-10-05T10:01:00Z"))
    # Then the closing has folded the word in
    session = (await pipeline.outcome())["head"]["botSession"]
    assert session is not None
    assert session["bots"] == ["late-bot"]


async def test_two_facts_at_the_same_time_both_count() -> None:
    # Given an escalation that another process records while an end is between reading and committing
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    other = replace(pipeline)
    await pipeline.record(started())

    async def escalate_meanwhile() -> None:
        await other.record(escalated(at="2026-10-05T10:01:00Z", context_variables=CARD))

    store.before["commit"] = escalate_meanwhile
    await pipeline.record(ended(at="2026-10-05T10:02:00Z"))
    # Then the end came to a conversation that had been escalated
    head = (await pipeline.outcome())["head"]
    assert (head["state"], head["queue"]) == ("closed", "CreditCardQueue")


class PowerCut(BaseException):
    """The end of a process, which no code of ours can catch as if it were a failure."""


class Power:
    """Lets a number of operations through, then cuts the power: before the operation, or after it was done."""

    def __init__(self, operations: int, *, done: bool) -> None:
        self.left, self.done = operations, done


class Powered:
    """A port whose every operation needs power."""

    def __init__(self, port: Any, power: Power) -> None:
        self._port, self._power = port, power

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        operation, power = getattr(self._port, name), self._power

        async def powered(*args: Any, **named: Any) -> Any:
            power.left -= 1
            if power.left != 0:
                return await operation(*args, **named)
            if power.done:
                await operation(*args, **named)
            raise PowerCut

        return powered


async def test_turns_are_exact_when_the_conversation_is_archived_whatever_came_late() -> None:
    # Given a conversation that has ended, of which a bot's answer is still on its way
    pipeline = await InMemory().configured()
    asked = message(at="2026-10-05T10:01:00Z")
    answered = message(at="2026-10-05T10:02:00Z", role="bot")
    await pipeline.record(started(), asked, ended(at="2026-10-05T10:03:00Z"))
    # When it has come, and the conversation is archived, then the head counts it
    await pipeline.record(answered)
    pipeline.clock.advance(timedelta(days=1))
    await pipeline.sweep.run()
    await pipeline.drain()
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    assert found[0].conversation.bot_activity.turns == {"2026-10-05": 1}


@pytest.mark.parametrize("done", [False, True])
async def test_a_crash_at_any_operation_leaves_nothing_that_redelivery_does_not_mend(
    done: bool, conversations: Callable[[], ConversationStore] = MemoryConversations
) -> None:
    # Given the outcome without a crash
    calm = await InMemory().configured()
    await calm.record(*WHOLE)
    expected = await calm.outcome()
    crashes = 0
    for operations in range(1, 200):
        # When the power is cut at the n-th operation, and every message that was not completed is delivered again
        power = Power(operations, done=done)
        store: Any = Powered(conversations(), power)
        ledger: Any = Powered(MemoryLedger(), power)
        pipeline = await InMemory(conversations=store, ledger=ledger).configured()
        for event in WHOLE:
            try:
                await pipeline.record(event)
            except PowerCut:
                crashes += 1
                await pipeline.record(event)
        if power.left > 0:
            break
        # Then the outcome is the same, and nothing is left over
        power.left = -1
        assert await pipeline.outcome() == expected
        assert await pipeline.books_balance()
    assert crashes == operations - 1 > 10


async def test_what_a_crash_left_over_is_performed_by_the_sweep_of_the_next_half_minute() -> None:
    # Given a crash after the commit, and a message that is never delivered again
    ledger = MemoryLedger()
    powered: Any = Powered(ledger, Power(1, done=False))
    pipeline = await InMemory(ledger=powered).configured()
    with pytest.raises(PowerCut):
        await pipeline.record(started(at=format_time(NOW)))
    assert await ledger.months("contoso") == []
    # When the sweep comes too early, and then in time
    assert await pipeline.sweep.run() == 0
    pipeline.clock.advance(timedelta(seconds=30))
    assert await pipeline.sweep.run() == 1
    # Then the row is posted and there is nothing more to do
    assert await ledger.months("contoso") == ["2026-11"]
    assert await pipeline.sweep.run() == 0


async def test_a_session_that_belongs_to_an_earlier_month_moves_there() -> None:
    # Given a session counted in November
    pipeline = await InMemory().configured()
    await pipeline.record(escalated(at="2026-11-01T00:00:10Z", context_variables=CARD))
    assert (await pipeline.ledger.books("contoso", "2026-11")).days["2026-11-01"]["counted", ""] == 1
    # When its start of October arrives
    await pipeline.record(started(at="2026-10-31T23:59:50Z"))
    # Then October counts it, and November no longer
    assert (await pipeline.ledger.books("contoso", "2026-11")).days == {}
    assert (await pipeline.ledger.books("contoso", "2026-10")).days["2026-10-31"]["counted", ""] == 1
    assert await pipeline.books_balance()


async def test_ending_closes_the_threads_interval() -> None:
    # Given a conversation of a channel's thread
    pipeline = await InMemory().configured()
    channel = ChannelReference(account_id="contoso-chat", channel_id="webchat", thread_id="t|1")
    at = NOW - timedelta(hours=1)
    beginning = Beginning(started().data.customer)
    first = await pipeline.threads.resolve("contoso", channel, at, beginning)
    await pipeline.record(*pipeline.publisher.events)
    # When it ended, then what is said later belongs to the thread's next conversation
    await pipeline.record(ended(first.conversation_id, at=format_time(at + timedelta(minutes=5))))
    later = await pipeline.threads.resolve("contoso", channel, at + timedelta(minutes=6), beginning)
    retry = await pipeline.threads.resolve("contoso", channel, at + timedelta(minutes=1), beginning)
    assert later.conversation_id != first.conversation_id == retry.conversation_id
