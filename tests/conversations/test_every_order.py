"""All 5,040 orders of a seven-fact conversation, through `record`, make one conversation and one bill.

Orders that begin alike share their beginning: each goes on from a copy of the stores as the facts before left them.
"""

from collections.abc import AsyncIterator, Sequence

import pytest

from shared.events.catalog import Event
from tests.builders import ended, escalated, message, started
from tests.conversations.pipelines import InMemory, Pipelines

SEVEN: tuple[Event, ...] = (
    started(at="2026-10-31T23:58:00Z"),
    message(at="2026-10-31T23:58:10Z", text="Hello"),
    message(at="2026-10-31T23:58:20Z", role="bot", text="How can I help?"),
    escalated(at="2026-11-01T00:00:10Z", context_variables={"BotHandoffTopic": "CreditCard"}, summary="wants a card"),
    message(at="2026-11-01T00:00:20Z", role="bot", author_id="second-bot", text="One moment"),
    message(at="2026-11-01T00:00:30Z", text="Thanks"),
    ended(at="2026-11-01T00:01:00Z", ended_by="agent"),
)


async def _after_every_order(pipeline: InMemory, left: Sequence[Event]) -> AsyncIterator[InMemory]:
    """The pipeline as each order of the events that are left leaves it."""
    if not left:
        yield pipeline
    for n, event in enumerate(left):
        # The last one may go on with the pipeline itself, for nobody starts from it again.
        further = pipeline.copied() if n + 1 < len(left) else pipeline
        await further.record(event)
        async for after in _after_every_order(further, [*left[:n], *left[n + 1 :]]):
            yield after


@pytest.mark.slow
async def test_every_order_of_seven_facts_gives_one_outcome(in_memory: Pipelines = InMemory) -> None:
    # Given what the facts lead to in their own order
    pipeline = await in_memory().configured()
    await pipeline.record(*SEVEN)
    expected = await pipeline.outcome()
    assert expected["head"]["botSession"]["month"] == "2026-10"
    assert expected["outbox"] == {}
    # When they come in each of the 5,040 orders, then it is the same, and the books balance
    orders = 0
    async for pipeline in _after_every_order(await in_memory().configured(), SEVEN):
        assert await pipeline.outcome() == expected
        assert await pipeline.books_balance()
        orders += 1
    assert orders == 5_040
