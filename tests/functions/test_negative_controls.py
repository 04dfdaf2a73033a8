"""The tests of whole hosts notice what a part of one gets wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared import bootstrap
from shared.conversations.fact import Fact
from shared.conversations.ports import Loaded
from shared.embedded.conversations import EmbeddedConversations
from shared.events.trace_context import CARRIED
from tests.functions import test_traces
from tests.functions.hosts import hosted
from tests.observed import Observed


class SaysItsTrace(Fact):
    """Says something else than a fact that came in another trace."""

    def same_content(self, other: Fact) -> bool:
        traces = [{name: fact.event.attributes.get(name) for name in CARRIED} for fact in (self, other)]
        return super().same_content(other) and traces[0] == traces[1]


class SayingTraces(EmbeddedConversations):
    async def load(self, tenant_id: str, key: str) -> Loaded:
        loaded = await super().load(tenant_id, key)
        return replace(loaded, facts=[SaysItsTrace(one.event, one.at, one.received_at) for one in loaded.facts])

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        one = await super().read_fact(tenant_id, key, fact_id)
        return SaysItsTrace(one.event, one.at, one.received_at) if one else None


async def test_the_trace_is_a_part_of_what_an_event_says(tmp_path: Path, observed: Observed) -> None:
    async with hosted(tmp_path, telemetry=observed.telemetry) as host:
        await host.configured("contoso")
        deliveries = host.pipeline.deliveries
        recorder = replace(deliveries.recorder, conversations=SayingTraces(host.pipeline.database))
        faulty = replace(host.pipeline, deliveries=replace(deliveries, recorder=recorder))
        bootstrap.provide(faulty, bootstrap.access())
        with pytest.raises(AssertionError, match="event_id_conflict"):
            await test_traces.test_a_retry_in_another_trace_is_a_duplicate(host, observed)
