"""Whatever goes wrong between us and Cosmos, and however often: the books say what they say without it."""

from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from shared.events.catalog import ChannelReference, Event
from tests.azure.databases import Stores, connected
from tests.azure.faults import KINDS, Kind, WatchedTransport
from tests.azure.recording import configured, deliver, on_cosmos
from tests.builders import contoso, ended, escalated, message, started
from tests.conversations.pipelines import InMemory

CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t1"}
THREAD = ChannelReference(account_id="contoso-chat", channel_id="webchat", thread_id="t1")


def conversation() -> list[Event]:
    """A bot's conversation that is escalated, ended, and gone on with; the start comes late, one line twice."""
    line = message(at="2026-10-31T23:59:00Z", text="and again")
    return [
        message(at="2026-11-01T00:00:10Z", text="Hello"),
        started(at="2026-11-01T00:00:01Z", channel=CHANNEL),
        message(at="2026-11-01T00:00:20Z", role="bot"),
        line,
        escalated(at="2026-11-01T00:01:00Z", context_variables={"BotHandoffTopic": "CreditCard", "Age": 18}),
        # What turns out to have been the start moves the session to the month before.
        started(at="2026-10-31T23:58:00Z", event_id="earlier", channel=CHANNEL),
        line,
        ended(at="2026-11-01T00:05:00Z"),
        message(at="2026-11-01T00:06:00Z", text="one more thing"),
    ]


async def books(pipeline: InMemory) -> dict[str, Any]:
    """All that the conversation led to, in its own store and in the ledger."""
    keys = sorted(await pipeline.conversations.keys("contoso", None, 10))
    return {
        "conversations": {key: await pipeline.outcome(key) for key in keys},
        "days": {
            month: {day: dict(counts) for day, counts in (await pipeline.ledger.books("contoso", month)).days.items()}
            for month in await pipeline.ledger.months("contoso")
        },
        "threads": await pipeline.threads.known("contoso", THREAD),
    }


@pytest.fixture
def without_waiting() -> Iterator[None]:
    """Retries come at once, three of them: what is waited for is another test's business."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
async def expected() -> dict[str, Any]:
    """The books of a pipeline in memory, where nothing goes wrong."""
    pipeline = InMemory()
    await configured(pipeline, contoso())
    await deliver(pipeline, conversation())
    return await books(pipeline)


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize("every", [3, 4, 5])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
async def test_the_books_are_those_without_faults(
    database: str, expected: dict[str, Any], kind: Kind, every: int
) -> None:
    # Given a store where every n-th request goes wrong
    transport = WatchedTransport(kind.fault, kind.rests(every), kind.times)
    async with connected(database, transport) as cosmos:
        pipeline = on_cosmos(Stores(cosmos))
        # When a conversation is delivered, again and again where that fails
        await configured(pipeline, contoso())
        await deliver(pipeline, conversation())
    # Then, read where nothing goes wrong, everything is as if nothing ever had
    assert transport.injected > 0
    async with connected(database) as cosmos:
        reader = on_cosmos(Stores(cosmos))
        assert await books(reader) == expected
        rebuild = reader.rebuild
        assert (await rebuild.compare("contoso")).differences == []
