"""With a faulty publisher handed in, the test of the invariant fails."""

from collections.abc import Sequence
from functools import partial

import pytest

from shared.events.catalog import Event
from shared.events.types.bot_escalated import BotEscalated
from tests.conversations.pipelines import InMemory
from tests.dialects import test_odd_payloads
from tests.fakes import MemoryPublisher


class Indiscreet(MemoryPublisher):
    """A publisher that makes every line of a bot's history public."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        await super().publish(tenant_id, [_public(event) for event in events])


def _public(event: Event) -> Event:
    if not isinstance(event, BotEscalated):
        return event
    lines = tuple(line.model_copy(update={"visibility": "public"}) for line in event.data.transcript)
    return event.model_copy(update={"data": event.data.model_copy(update={"transcript": lines})})


async def test_the_customer_reads_the_summary_in_a_history() -> None:
    with pytest.raises(AssertionError, match="bot, public: summary"):
        await test_odd_payloads.test_a_quirk_becomes_what_it_means(
            "hand-off-history-odd.json", partial(InMemory, publisher=Indiscreet())
        )
