"""Many at once, through the real SDK: nothing is lost, nothing is counted twice, and it ends in time."""

import asyncio
from functools import partial

from shared.events.catalog import Event
from tests.azure.databases import Stores, connected
from tests.azure.recording import again, configured, on_cosmos
from tests.builders import contoso, ended, escalated, message, started
from tests.conversations.pipelines import InMemory
from tests.seeds import SUMMARY

ENOUGH_SECONDS = 60


async def differences(pipeline: InMemory) -> list[str]:
    rebuild = pipeline.rebuild
    return (await rebuild.compare("contoso")).differences


async def test_sixty_four_at_once_on_one_conversation_lose_nothing(database: str) -> None:
    # Given 64 events of one conversation: lines of customer and bot, a start, an escalation, an end
    at = [f"2026-10-05T10:00:{n:02}Z" for n in range(60)]
    lines = [
        message(at=at[n], event_id=f"m{n}", text=f"{n}", role="bot" if n % 4 == 1 else "customer") for n in range(60)
    ]
    others: list[Event] = [
        started(at="2026-10-05T09:59:00Z"),
        escalated(at="2026-10-05T10:01:00Z", context_variables={"BotHandoffTopic": "CreditCard"}),
        message(at="2026-10-05T10:01:30Z", event_id="m60", text="60"),
        ended(at="2026-10-05T10:02:00Z"),
    ]
    async with connected(database) as cosmos:
        pipeline = on_cosmos(Stores(cosmos))
        await configured(pipeline, contoso())
        # When all of them are recorded at the same time
        async with asyncio.timeout(ENOUGH_SECONDS):
            await asyncio.gather(*(again(partial(pipeline.record, event)) for event in [*lines, *others]))
        # Then every line is there, in order, the conversation is closed, and it stands once on the bill
        outcome = await pipeline.outcome()
        assert [line.text for line in outcome["transcript"]] == [str(n) for n in range(60)] + [SUMMARY, "60"]
        assert (outcome["head"]["state"], outcome["outbox"]) == ("closed", {})
        assert [row.excluded for row in outcome["rows"]] == [None]
        assert await pipeline.books_balance()
        assert await differences(pipeline) == []


async def test_a_thousand_at_once_across_conversations_lose_nothing(database: str) -> None:
    # Given a hundred conversations, and ten events of each but for its start
    keys = [f"c{n}" for n in range(100)]
    events: list[Event] = [
        *(message(key, event_id=f"m{n}", text=f"{n}") for n in range(8) for key in keys),
        *(message(key, role="bot") for key in keys),
        *(ended(key, at="2026-10-05T11:00:00Z") for key in keys),
    ]
    async with connected(database) as cosmos:
        pipeline = on_cosmos(Stores(cosmos))
        await configured(pipeline, contoso())
        # When all of them are recorded at the same time
        async with asyncio.timeout(ENOUGH_SECONDS):
            await asyncio.gather(*(again(partial(pipeline.record, started(key))) for key in keys))
            await asyncio.gather(*(again(partial(pipeline.record, event)) for event in events))
        # Then each conversation stands once on the bill, and every fact in its head
        days = (await pipeline.ledger.books("contoso", "2026-10")).days
        assert {day: counts["counted", ""] for day, counts in days.items()} == {"2026-10-05": 100}
        transcripts = [await pipeline.lines(key, "agent") for key in keys]
        assert {len(lines) for lines in transcripts} == {9}
        assert await differences(pipeline) == []
