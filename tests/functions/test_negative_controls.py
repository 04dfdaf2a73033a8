"""The tests of whole hosts notice what a part of one gets wrong."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import azure.functions as func
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import bootstrap
from shared.conversations.fact import Fact
from shared.conversations.ports import Loaded
from shared.embedded.conversations import EmbeddedConversations
from shared.events.trace_context import CARRIED
from tests.functions import test_traces
from tests.functions.hosts import function_named, hosted
from tests.functions.test_headers import (
    KINDS,
    check_a_header_that_cannot_be_sent_becomes_a_problem,
    check_no_request_brings_text_into_a_header,
)
from tests.observed import Observed

UNSHRUNK = settings.get_profile("unshrunk")


class SaysItsTrace(Fact):
    """Says something else than a fact that came in another trace."""

    def same_content(self, other: Fact) -> bool:
        traces = [{name: fact.event.attributes.get(name) for name in CARRIED} for fact in (self, other)]
        return super().same_content(other) and traces[0] == traces[1]


class SayingTraces(EmbeddedConversations):
    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        loaded = await super().load(tenant_id, key, decisions=decisions)
        return replace(loaded, facts=[SaysItsTrace(one.id, one.event, one.at, one.received_at) for one in loaded.facts])

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        one = await super().read_fact(tenant_id, key, fact_id)
        return SaysItsTrace(one.id, one.event, one.at, one.received_at) if one else None


async def test_the_trace_is_a_part_of_what_an_event_says(tmp_path: Path, observed: Observed) -> None:
    async with hosted(tmp_path, telemetry=observed.telemetry) as host:
        await host.configured("contoso")
        deliveries = host.pipeline.deliveries
        recorder = replace(deliveries.recorder, conversations=SayingTraces(host.pipeline.database))
        faulty = replace(host.pipeline, deliveries=replace(deliveries, recorder=recorder))
        bootstrap.provide(faulty, bootstrap.access())
        with pytest.raises(AssertionError, match="event_id_conflict"):
            await test_traces.test_a_retry_in_another_trace_is_a_duplicate(host, observed)


async def hosting(folder: Path, check: Awaitable[None]) -> None:
    async with hosted(folder):
        await check


def test_a_header_is_sent_as_a_handler_wrote_it(tmp_path: Path) -> None:
    @UNSHRUNK
    @given(st.text(), KINDS)
    def check(header: str, kind: str) -> None:
        sent = check_a_header_that_cannot_be_sent_becomes_a_problem(header, kind, lambda handler, _: handler)
        asyncio.run(hosting(tmp_path, sent))

    with pytest.raises(AssertionError):
        check()


def test_a_route_repeats_in_a_header_what_came_in(tmp_path: Path) -> None:
    known = function_named("get_conversation")

    async def repeating(req: func.HttpRequest) -> func.HttpResponse:
        answer: func.HttpResponse = await known.code(req)
        answer.headers["Link"] = req.route_params["key"]
        return answer

    @UNSHRUNK
    @given(st.data())
    def check(data: st.DataObject) -> None:
        faulty = [replace(known, code=repeating)]
        asyncio.run(hosting(tmp_path, check_no_request_brings_text_into_a_header(data, faulty)))

    with pytest.raises(AssertionError):
        check()
