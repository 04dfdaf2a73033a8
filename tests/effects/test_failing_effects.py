"""An effect that fails keeps nothing else waiting: it is tried again, parked after ten attempts, and replayed."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.clock import MovableClock
from shared.conversations.conversation import Conversation
from shared.conversations.effect import ATTEMPTS, MOST_FOLLOW_UPS, Effect, FollowUp
from shared.conversations.ports import Head
from shared.effects.dispatcher import Dispatcher
from shared.effects.handler import Done
from shared.errors import DocumentTooLarge, InvalidRequest, Refused, StoreUnavailable
from shared.events.catalog import Event
from shared.events.envelope import format_time, parse_time
from shared.ingress.parked_event import ParkedEvent
from shared.pipeline import Pipeline
from shared.usage.ledger import LedgerRow
from shared.wire import replace
from tests.builders import ended, message, started
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryLedger, MemoryParked

DAY = timedelta(days=1)
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}


class Broken(MemoryLedger):
    """A ledger that takes no row of some conversations."""

    def __init__(self, *keys: str, failure: Exception | None = None) -> None:
        super().__init__()
        self.broken = set(keys)
        self.failure = failure or StoreUnavailable("it is away")

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        if row.key in self.broken:
            raise self.failure
        return await super().post(tenant_id, row)


async def begun(ledger: MemoryLedger, moment: str = "2026-11-20T12:00:00Z", **ports: Any) -> InMemory:
    return await InMemory(clock=MovableClock(parse_time(moment)), ledger=ledger, **ports).configured()


async def head_of(pipeline: InMemory, key: str = "c1") -> Head:
    found = await pipeline.conversations.read_head("contoso", key)
    assert found is not None
    return found[0]


async def exhausted(pipeline: InMemory) -> list[timedelta]:
    """Sweep each time something is due, until nothing is for a week. Returns the pauses between the sweeps."""
    pauses = []
    while (due := (await head_of(pipeline)).attention_at) and due - pipeline.clock.now() < timedelta(days=7):
        pauses.append(due - pipeline.clock.now())
        pipeline.clock.advance(max(pauses[-1], timedelta(0)))
        await pipeline.sweep.run()
        await pipeline.drain()
    return pauses


async def parked(pipeline: InMemory) -> Sequence[ParkedEvent]:
    return (await pipeline.parked_event_service.page("contoso", None, replayed=False)).events


def now(pipeline: InMemory, event_id: str, **members: Any) -> Event:
    return message(at=format_time(pipeline.clock.now()), event_id=event_id, **members)


async def check_that_others_go_on(rewired: Any = None) -> None:
    # Given a conversation in a thread, whose row the ledger never takes
    ledger = Broken("c1")
    pipeline = await begun(ledger, **({"rewired": rewired} if rewired else {}))
    at = format_time(pipeline.clock.now())
    await pipeline.record(started(at=at, channel=THREAD))
    # When more happens in it, then each event is recorded, and its other effects are performed
    for number in range(5):
        pipeline.clock.advance(timedelta(seconds=10))
        assert await pipeline.recorder.record("contoso", now(pipeline, f"m{number}")) == "recorded"
    pipeline.clock.advance(timedelta(seconds=10))
    assert await pipeline.recorder.record("contoso", ended(at=format_time(pipeline.clock.now()))) == "recorded"
    assert len((await pipeline.conversations.load("contoso", "c1")).facts) == 7
    assert [one.effect.kind for one in (await head_of(pipeline)).outbox.values()] == ["contribute"]
    # and other conversations, and what else is due for this one, are seen to
    await pipeline.record(started("c2", at=at))
    assert [row.key for row in (await ledger.rows("contoso", "2026-11", None, None, 10)).rows] == ["c2"]
    pipeline.clock.advance(DAY)
    await pipeline.sweep.run()
    await pipeline.drain()
    assert len(await pipeline.archive.parts("contoso", "c1")) == 1


async def test_an_effect_that_fails_keeps_no_event_and_no_other_effect_waiting() -> None:
    await check_that_others_go_on()


async def test_an_effect_is_parked_after_ten_attempts_with_growing_pauses_then_listed_and_replayed() -> None:
    # Given a conversation whose row the ledger does not take
    ledger = Broken("c1")
    pipeline = await begun(ledger)
    await pipeline.record(started(at=format_time(pipeline.clock.now())), ended(at=format_time(pipeline.clock.now())))
    first = (await head_of(pipeline)).outbox["ledger:2026-11"]
    assert (first.attempts, first.last_error) == (1, "store_unavailable")
    # When it is tried again and again
    await exhausted(pipeline)
    # Then it is parked after the tenth attempt, and listed with its reason
    (pending,) = (await head_of(pipeline)).outbox.values()
    assert (pending.attempts, pending.is_parked) == (ATTEMPTS.most, True)
    (listed,) = await parked(pipeline)
    assert (listed.code, listed.detail) == ("store_unavailable", "the store does not answer: it is away")
    assert listed.effect is not None
    assert (listed.effect.key, listed.effect.effect_id, listed.effect.kind) == ("c1", "ledger:2026-11", "contribute")
    # A replay that fails says why, and leaves it parked
    with pytest.raises(StoreUnavailable):
        await pipeline.parked_event_service.replay("contoso", listed.id, b"")
    assert len(await parked(pipeline)) == 1
    # It is replayed as it is
    with pytest.raises(InvalidRequest):
        await pipeline.parked_event_service.replay("contoso", listed.id, b"{}")
    # and once the ledger takes the row, it is done, and its conversation whole
    ledger.broken.clear()
    assert await pipeline.parked_event_service.replay("contoso", listed.id, b"") == "ledger:2026-11"
    assert await parked(pipeline) == []
    assert (await head_of(pipeline)).outbox == {}
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_the_pauses_grow_to_four_hours() -> None:
    pipeline = await begun(Broken("c1"))
    await pipeline.record(started(at=format_time(pipeline.clock.now())))
    next_at = [(await head_of(pipeline)).outbox["ledger:2026-11"].next_at]
    while next_at[-1] is not None:
        pipeline.clock.advance(next_at[-1] - pipeline.clock.now())
        await pipeline.sweep.run()
        next_at.append((await head_of(pipeline)).outbox["ledger:2026-11"].next_at)
    moments = [parse_time("2026-11-20T12:00:00Z"), *(moment for moment in next_at if moment)]
    pauses = [(later - one).total_seconds() for one, later in pairwise(moments)]
    assert pauses == [30, 90, 270, 810, 2430, 7290, 14400, 14400, 14400]


async def test_what_is_refused_inside_an_effect_parks_no_event_and_is_no_dead_letter() -> None:
    # Given a ledger that refuses a row as no retry can mend
    pipeline = await begun(Broken("c1", failure=DocumentTooLarge(2_000_000)))
    event = started(at=format_time(pipeline.clock.now()))
    # When the event is delivered, then it is recorded, and neither parked nor raised
    await pipeline.deliveries.deliver(event.to_json().encode())
    assert await parked(pipeline) == []
    (fact,) = (await pipeline.conversations.load("contoso", "c1")).facts
    assert fact.event.id == event.id


async def test_an_unforeseen_error_is_named_by_its_class_and_nothing_of_its_message_is_kept() -> None:
    pipeline = await begun(Broken("c1", failure=ValueError("what Zoë wrote")))
    await pipeline.record(started(at=format_time(pipeline.clock.now())))
    await exhausted(pipeline)
    (listed,) = await parked(pipeline)
    assert (listed.code, listed.detail) == ("ValueError", "ValueError")


async def closing(pipeline: InMemory, moment: str) -> tuple[str, list[str]]:
    """October's status after the roll-up at this moment, and the codes of what keeps it open."""
    pipeline.clock.advance(parse_time(moment) - pipeline.clock.now())
    await pipeline.usage.roll_up_all()
    october = await pipeline.usage.report("contoso", "2026-10")
    return october.status, [obstacle.code for obstacle in october.obstacles]


async def test_a_month_does_not_close_while_its_row_fails_and_closes_once_it_is_posted() -> None:
    # Given a session of October whose row fails, and one whose row is posted
    ledger = Broken("c1")
    pipeline = await begun(ledger, "2026-11-08T00:00:00Z")
    await pipeline.record(started("c1"), started("c2"))
    # When October is due, then it stays open, and says which row, and why
    assert await closing(pipeline, "2026-11-09T00:00:00Z") == ("closing", ["rows_outstanding"])
    (obstacle,) = (await pipeline.usage.report("contoso", "2026-10")).obstacles
    assert obstacle.detail == "rows are still to be posted: c1 (ledger:2026-10: store_unavailable)"
    # and once the effect is parked, it says so
    await exhausted(pipeline)
    assert await closing(pipeline, "2026-11-12T00:00:00Z") == ("closing", ["row_parked"])
    # Then later months wait for it
    await closing(pipeline, "2026-12-09T00:00:00Z")
    november = await pipeline.usage.report("contoso", "2026-11")
    assert [one.code for one in november.obstacles] == ["earlier_month_open", "row_parked"]
    # and when somebody replays it, both close, and nothing is a correction
    ledger.broken.clear()
    (listed,) = await parked(pipeline)
    await pipeline.parked_event_service.replay("contoso", listed.id, b"")
    assert await closing(pipeline, "2026-12-09T00:00:00Z") == ("closed", [])
    october, november = [await pipeline.usage.report("contoso", month) for month in ("2026-10", "2026-11")]
    assert (october.counted, november.status, november.corrected) == (2, "closed", 0)


async def test_a_month_whose_only_row_is_parked_says_so() -> None:
    # Given a tenant whose first conversation is October's, and whose row is parked
    ledger = Broken("c1")
    pipeline = await begun(ledger, "2026-11-08T00:00:00Z")
    await pipeline.record(started())
    await exhausted(pipeline)
    # When October is due, then it is listed, and says what keeps it open
    assert await closing(pipeline, "2026-11-20T00:00:00Z") == ("closing", ["row_parked"])
    assert "2026-10" in [one.month for one in (await pipeline.usage.overview("contoso", None)).months]


async def test_a_month_closes_though_another_effect_of_its_conversation_fails() -> None:
    # Given a conversation of October, closed in its thread, whose thread cannot be closed
    pipeline = await begun(MemoryLedger(), "2026-11-08T00:00:00Z", rewired=with_handler("tellThread", Failing()))
    await pipeline.record(started(channel=THREAD), ended(at="2026-10-05T10:10:00Z"))
    assert [one.effect.kind for one in (await head_of(pipeline)).outbox.values()] == ["tellThread"]
    # When October is due, then it closes
    assert await closing(pipeline, "2026-11-09T00:00:00Z") == ("closed", [])


class Failing:
    """A handler that fails as long as it is to."""

    def __init__(self) -> None:
        self.fails, self.performed = True, list[Effect]()

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done:
        if self.fails:
            raise StoreUnavailable("it is away")
        self.performed.append(effect)
        return Done()


def with_handler(kind: str, handler: Failing) -> Any:
    def rewired(pipeline: Pipeline) -> Pipeline:
        recorder = pipeline.deliveries.recorder
        assert isinstance(recorder.effects, Dispatcher)
        assert isinstance(recorder.effects.handlers, dict)
        recorder.effects.handlers[kind] = handler
        return pipeline

    return rewired


async def test_a_row_that_moves_to_another_month_is_posted_after_its_tombstone() -> None:
    # Given a conversation of November whose row is posted, and a ledger that takes no tombstone
    class Lasting(MemoryLedger):
        lasting = True

        async def post(self, tenant_id: str, row: LedgerRow) -> int:
            if self.lasting and row.excluded == "moved":
                raise StoreUnavailable("it is away")
            return await super().post(tenant_id, row)

    ledger = Lasting()
    pipeline = await begun(ledger)
    await pipeline.record(started(at="2026-11-02T10:00:00Z"))
    # When it turns out to be October's
    await pipeline.record(started(at="2026-10-30T10:00:00Z", event_id="earlier"))
    # Then it is counted in November only, until that row is gone, and in October only after that
    counted = [len((await ledger.rows("contoso", month, True, None, 10)).rows) for month in ("2026-10", "2026-11")]
    assert counted == [0, 1]
    ledger.lasting = False
    pipeline.clock.advance(timedelta(minutes=1))
    await pipeline.sweep.run()
    counted = [len((await ledger.rows("contoso", month, True, None, 10)).rows) for month in ("2026-10", "2026-11")]
    assert counted == [1, 0]
    assert (await head_of(pipeline)).outbox == {}


async def test_a_conversation_with_an_effect_that_is_not_done_is_not_forgotten() -> None:
    # Given a conversation whose row is parked, when its retention is over
    ledger = Broken("c1")
    pipeline = await begun(ledger)
    at = format_time(pipeline.clock.now())
    await pipeline.record(started(at=at), ended(at=at))
    await exhausted(pipeline)
    for _ in range(3):
        pipeline.clock.advance(timedelta(days=400))
        assert await pipeline.sweep.run() == 1
        await pipeline.drain()
        await pipeline.parked_event_service.forget_expired()
    # Then it is there, its effect is listed, and it is no conversation that is asked about all the time
    (listed,) = await parked(pipeline)
    assert await pipeline.sweep.run() == 0
    # and when its row is posted, then it is forgotten
    ledger.broken.clear()
    await pipeline.parked_event_service.replay("contoso", listed.id, b"")
    pipeline.clock.advance(DAY)
    await pipeline.sweep.run()
    await pipeline.drain()
    assert await pipeline.conversations.read_head("contoso", "c1") is None


async def test_however_many_facts_go_on_the_outbox_stays_bounded() -> None:
    # Given a thread that takes nothing, and an ended conversation, after which a customer goes on writing
    handler = Failing()
    pipeline = await begun(MemoryLedger(), rewired=with_handler("followUp", handler))
    await pipeline.record(started(at="2026-11-20T11:00:00Z", channel=THREAD), ended(at="2026-11-20T11:01:00Z"))
    for number in range(3 * MOST_FOLLOW_UPS):
        line = message(at=f"2026-11-20T11:{number % 50 + 5:02}:{number // 50:02}Z", event_id=f"m{number}")
        await pipeline.record(line)
        effects = [each.effect for each in (await head_of(pipeline)).outbox.values()]
        assert len([one for one in effects if isinstance(one, FollowUp)]) <= MOST_FOLLOW_UPS + 1
    # When the thread is back, then all of them go on
    handler.fails = False
    pipeline.clock.advance(timedelta(minutes=5))
    await pipeline.sweep.run()
    assert any(isinstance(one, FollowUp) and one.fact_id is None for one in handler.performed)
    assert (await head_of(pipeline)).outbox == {}


class InOneLoop(Dispatcher):
    """A dispatcher that performs in one loop, and lets the first exception out."""

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        for effect in head.outbox.values():
            await self.handlers[effect.effect.kind].perform(tenant_id, head.conversation, effect.effect)
        await self.conversations.save_head(tenant_id, key, head.without(head.outbox), etag)


async def test_control_one_loop_for_all_effects_is_noticed() -> None:
    def rewired(pipeline: Pipeline) -> Pipeline:
        recorder = pipeline.deliveries.recorder
        assert isinstance(recorder.effects, Dispatcher)
        in_one_loop = replace(recorder, effects=InOneLoop(**vars(recorder.effects)))
        deliveries = replace(pipeline.deliveries, recorder=in_one_loop)
        return replace(pipeline, deliveries=deliveries)

    with pytest.raises(AssertionError):
        await check_that_others_go_on(rewired)


@pytest.mark.parametrize("failure", [StoreUnavailable("x"), DocumentTooLarge(1), ValueError()])
async def test_whatever_fails_the_parked_effect_has_its_code(failure: Exception) -> None:
    pipeline = await begun(Broken("c1", failure=failure))
    await pipeline.record(started(at=format_time(pipeline.clock.now())))
    await exhausted(pipeline)
    (listed,) = await parked(pipeline)
    assert listed.code == (failure.code if isinstance(failure, Refused | StoreUnavailable) else "ValueError")


async def test_a_parked_row_that_another_life_of_its_conversation_keeps_out_is_posted_by_its_replay() -> None:
    # Given a counted conversation that was forgotten, whose id comes again while the ledger takes nothing
    ledger = Broken()
    pipeline = await begun(ledger)
    await pipeline.record(started(at="2026-11-05T10:00:00Z"), message(at="2026-11-05T10:01:00Z", role="bot"))
    _, etag = await pipeline.conversations.read_head("contoso", "c1") or (None, "")
    await pipeline.conversations.delete("contoso", "c1", etag)
    ledger.broken.add("c1")
    await pipeline.record(started(at="2026-11-06T10:00:00Z", event_id="again"))
    await exhausted(pipeline)
    (listed,) = await parked(pipeline)
    # When the ledger is back and it is replayed, then the row of the second life stands, and nothing is left
    ledger.broken.clear()
    await pipeline.parked_event_service.replay("contoso", listed.id, b"")
    assert (await head_of(pipeline)).outbox == {}
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_parked_effect_that_a_later_one_replaced_is_listed_no_more() -> None:
    # Given a parked row, and a later event that changes it and is posted
    ledger = Broken("c1")
    pipeline = await begun(ledger)
    await pipeline.record(started(at="2026-11-05T10:00:00Z"))
    await exhausted(pipeline)
    assert len(await parked(pipeline)) == 1
    ledger.broken.clear()
    await pipeline.record(message(at="2026-11-05T10:01:00Z", role="bot", author_id="second"))
    # Then nothing waits for anybody, and the entry is deleted in its time
    assert (await head_of(pipeline)).outbox == {}
    assert await parked(pipeline) == []
    pipeline.clock.advance(timedelta(days=400))
    assert await pipeline.parked_event_service.forget_expired() == 1


async def test_one_closing_tries_each_row_once_and_names_what_a_row_waits_for() -> None:
    # Given a session that moved from November to October, whose tombstone is not taken, and another one that fails
    class Lasting(Broken):
        async def post(self, tenant_id: str, row: LedgerRow) -> int:
            if row.excluded == "moved":
                raise self.failure
            return await super().post(tenant_id, row)

    ledger = Lasting()
    pipeline = await begun(ledger, "2026-11-08T00:00:00Z")
    await pipeline.record(started("c0"), started("c1", at="2026-11-02T10:00:00Z"))
    await pipeline.record(started("c1", at="2026-10-30T10:00:00Z", event_id="earlier"))
    ledger.broken.add("c2")
    await pipeline.record(started("c2"))
    # When October is due, then it says which effects are in the way, and each was tried once more
    before = {name: one.attempts for key in ("c1", "c2") for name, one in (await head_of(pipeline, key)).outbox.items()}
    assert await closing(pipeline, "2026-11-09T00:00:00Z") == ("closing", ["rows_outstanding"])
    (obstacle,) = (await pipeline.usage.report("contoso", "2026-10")).obstacles
    assert "c1 (ledger:2026-11: store_unavailable)" in obstacle.detail
    assert "c2 (ledger:2026-10: store_unavailable)" in obstacle.detail
    after = (await head_of(pipeline, "c2")).outbox["ledger:2026-10"].attempts
    assert after == before["ledger:2026-10"] + 1


async def test_while_the_list_of_parked_effects_cannot_be_written_an_effect_is_tried_at_long_pauses() -> None:
    # Given an effect that failed nine times, and a list that cannot be written
    class Unlisted(MemoryParked):
        async def park(self, tenant_id: str, event: ParkedEvent) -> None:
            raise StoreUnavailable("the list is away")

    pipeline = await begun(Broken("c1"), parked=Unlisted())
    await pipeline.record(started(at=format_time(pipeline.clock.now())))
    for _ in range(12):
        next_at = (await head_of(pipeline)).outbox["ledger:2026-11"].next_at
        assert next_at is not None
        pipeline.clock.advance(next_at - pipeline.clock.now())
        await pipeline.sweep.run()
    # Then it is still tried, every four hours
    pending = (await head_of(pipeline)).outbox["ledger:2026-11"]
    assert pending.attempts == ATTEMPTS.most - 1
    assert pending.next_at == pipeline.clock.now() + ATTEMPTS.longest
