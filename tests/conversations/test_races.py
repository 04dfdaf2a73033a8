"""Races and versions: the stored head is what the facts make it, whichever handler was faster."""

from datetime import timedelta

from shared.events.envelope import format_time, parse_time
from shared.tenants.configuration import Bot
from shared.tenants.history import Version
from shared.usage.ledger import LedgerRow
from shared.wire import replace
from tests.builders import contoso, fact_of, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.conversations.test_record import Spied
from tests.fakes import MemoryConversations, MemoryLedger

HUMANS = {"BotHandoffTopic": "HomeLoan"}


async def differences(pipeline: InMemory) -> list[str]:
    rebuild = pipeline.rebuild
    return (await rebuild.compare("contoso")).differences


async def test_a_bots_line_that_relied_on_an_invocation_that_is_taken_away_is_billed() -> None:
    # Given a conversation that a bot has, and an earlier start that gives it to people instead
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(at="2026-10-05T10:00:00Z"))
    line = message(at="2026-10-05T10:00:30Z", role="bot")

    async def append_meanwhile() -> None:
        await MemoryConversations.append(store, "contoso", "c1", [fact_of(line, NOW)])

    # When the bot speaks, and leaves because it is on the bill, while that start is being committed
    store.before["commit"] = append_meanwhile
    await pipeline.record(started(at="2026-10-05T09:59:00Z", event_id="earlier", context_variables=HUMANS))
    # Then its word is on the bill
    assert (await pipeline.outcome())["head"]["botSession"]["bots"] == ["contoso-bot"]
    assert await differences(pipeline) == []


async def test_a_future_event_that_is_delivered_again_keeps_the_time_of_its_first_arrival() -> None:
    # Given a bot's first word from a clock that is an hour ahead, appended before a crash
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=format_time(NOW), context_variables=HUMANS))
    word = message(at=format_time(NOW + timedelta(hours=1)), role="bot")
    await pipeline.conversations.append("contoso", "c1", [fact_of(word, NOW)])
    # When it is delivered again two minutes later
    pipeline.clock.advance(timedelta(minutes=2))
    await pipeline.record(word)
    # Then it counts as of its first arrival
    session = (await pipeline.outcome())["head"]["botSession"]
    assert parse_time(session["startedAt"]) == NOW
    assert await differences(pipeline) == []


async def test_a_line_of_a_bot_that_was_declared_meanwhile_is_looked_at_anew() -> None:
    # Given a bot that spoke before anybody declared it
    pipeline = await InMemory().configured()
    said_at = format_time(NOW + timedelta(seconds=1))
    await pipeline.record(started(at=format_time(NOW)), message(at=said_at, role="bot", author_id="helper"))
    # When a version in force since then knows it under another name, and it speaks again
    declared = replace(contoso(), bots=(*contoso().bots, Bot(id="expert", name="Expert", app_id="helper")))
    await pipeline.configuration_store.add("contoso", Version(2, NOW + timedelta(minutes=1), declared))
    pipeline.clock.advance(timedelta(minutes=2))
    await pipeline.record(message(at=format_time(pipeline.clock.now()), role="bot", author_id="helper"))
    # Then the head is what the facts make it
    assert (await pipeline.outcome())["head"]["botSession"]["bots"] == ["contoso-bot", "helper", "expert"]
    assert await differences(pipeline) == []


async def test_a_version_that_is_put_later_does_not_judge_what_was_recorded(in_memory: Pipelines = InMemory) -> None:
    # Given a start whose clock is four minutes ahead
    pipeline = await in_memory().configured()
    await pipeline.record(started(at=format_time(NOW + timedelta(minutes=4))))
    # When a version is put that is in force before that time, without rules
    stream = contoso().work_streams[0].model_copy(update={"rules": ()})
    changed = contoso().model_copy(update={"work_streams": (stream,)})
    await pipeline.configuration_store.add("contoso", Version(2, NOW + timedelta(minutes=1), changed))
    pipeline.clock.advance(timedelta(minutes=5))
    # Then the decision stands as it was made
    assert await differences(pipeline) == []


class Refusing(MemoryLedger):
    """A ledger that takes nothing at first, and later everything but the rows of c1."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = {"c1", "c2"}

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        if row.key in self.refused:
            raise ConnectionError("the ledger is away")
        return await super().post(tenant_id, row)


async def test_the_sweep_goes_on_past_a_conversation_whose_effect_fails() -> None:
    # Given two left-over outboxes, the first of which fails again
    ledger = Refusing()
    pipeline = await InMemory(ledger=ledger).configured()
    for key in ("c1", "c2"):
        await pipeline.record(started(key, format_time(NOW)))
    ledger.refused.remove("c2")
    # When the sweep comes
    pipeline.clock.advance(timedelta(minutes=1))
    await pipeline.sweep.run()
    # Then the other one is seen to
    rows = (await ledger.rows("contoso", "2026-11", None, None, 10)).rows
    assert [row.key for row in rows] == ["c2"]
