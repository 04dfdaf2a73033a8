"""One conversation, recorded on Cosmos while requests fail, and the books that must result."""

from typing import Any

from shared.effects.dispatcher import Dispatcher
from shared.events.catalog import Event
from shared.events.data import ChannelReference
from tests.azure.databases import Stores, connected
from tests.azure.faults import Kind, WatchedTransport, When
from tests.azure.recording import configured, deliver, on_cosmos
from tests.builders import contoso, ended, escalated, message, started
from tests.conversations.pipelines import InMemory

CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t1"}
THREAD = ChannelReference(account_id="contoso-chat", channel_id="webchat", thread_id="t1")


def conversation() -> list[Event]:
    """A bot's conversation that is escalated, ended, and continued; the start comes late, one line twice."""
    line = message(at="2026-10-31T23:59:00Z", text="and again")
    return [
        message(at="2026-11-01T00:00:10Z", text="Hello"),
        started(at="2026-11-01T00:00:01Z", channel=CHANNEL),
        message(at="2026-11-01T00:00:20Z", role="bot"),
        line,
        escalated(at="2026-11-01T00:01:00Z", context_variables={"BotHandoffTopic": "CreditCard", "Age": 18}),
        # The start that comes late moves the session to the month before.
        started(at="2026-10-31T23:58:00Z", event_id="earlier", channel=CHANNEL),
        line,
        ended(at="2026-11-01T00:05:00Z"),
        message(at="2026-11-01T00:06:00Z", text="one more thing"),
    ]


async def books(pipeline: InMemory) -> dict[str, Any]:
    """All results of the conversation, in its own store and in the ledger."""
    keys = sorted(await pipeline.conversations.keys("contoso", None, 10))
    return {
        "conversations": {key: await pipeline.outcome(key) for key in keys},
        "days": {
            month: {day: dict(counts) for day, counts in (await pipeline.ledger.books("contoso", month)).days.items()}
            for month in await pipeline.ledger.months("contoso")
        },
        "threads": await pipeline.threads.known("contoso", THREAD),
    }


async def books_without_faults() -> dict[str, Any]:
    """The books of a pipeline in memory, where no request fails."""
    pipeline = InMemory()
    await configured(pipeline, contoso())
    await deliver(pipeline, conversation())
    return await books(pipeline)


async def recorded(
    database: str, kind: Kind, goes_wrong: When, stores: type[Stores] = Stores
) -> tuple[int, dict[str, Any]]:
    """Deliver the conversation, again and again where that fails, to a database that has nothing yet.

    Effects that failed are performed afterwards, as the sweep does once their pauses are over. Returns how many
    requests failed, and the books, read without faults, with the differences that a rebuild finds.
    """
    transport = WatchedTransport(kind.fault, goes_wrong)
    async with connected(database, transport) as cosmos:
        pipeline = on_cosmos(stores(cosmos))
        await configured(pipeline, contoso())
        await deliver(pipeline, conversation())
    async with connected(database) as cosmos:
        reader = on_cosmos(Stores(cosmos))
        await _perform_left_over(reader)
        differences = (await reader.rebuild.compare("contoso")).differences
        return transport.injected, {**await books(reader), "differences": differences}


async def _perform_left_over(pipeline: InMemory) -> None:
    effects = pipeline.recorder.effects
    assert isinstance(effects, Dispatcher)
    for key in await pipeline.conversations.keys("contoso", None, 10):
        await effects.perform_left_over("contoso", key, whatever_pause=True)
    published, pipeline.publisher.events[:] = list(pipeline.publisher.events), []
    await deliver(pipeline, published)
