"""With telemetry or a publisher handed in that says too much or too little, the test of the invariant fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry import trace

from shared import bootstrap
from shared.events.catalog import Event
from shared.events.trace_context import TraceContext
from shared.telemetry import Attributes, Telemetry
from shared.threads.resolve import Threads
from shared.traced.publisher import TracedPublisher
from tests import test_telemetry
from tests.functions import test_traces
from tests.functions.hosts import hosted
from tests.observed import Observed, observing


class TellsMessages(Telemetry):
    """Records with a span what the failure of its call said."""

    @contextmanager
    def calling(self, name: str, attributes: Attributes, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        with super().calling(name, attributes, expected):
            try:
                yield
            except Exception as failure:
                trace.get_current_span().record_exception(failure)
                raise


async def test_a_span_tells_a_failures_message() -> None:
    with observing(TellsMessages) as observed, pytest.raises(AssertionError, match=r"== \(\)"):
        await test_telemetry.test_a_failure_is_an_error_of_its_kind_without_its_message(observed)


class WithoutTraces(TracedPublisher):
    """Publishes each event in a span, and leaves the trace behind."""

    def _carrying(self, event: Event, context: TraceContext | None) -> Event:
        return super()._carrying(event, None)


async def test_an_event_goes_over_the_bus_without_its_trace(tmp_path: Path, observed: Observed) -> None:
    async with hosted(tmp_path, telemetry=observed.telemetry) as host:
        await host.configured("contoso")
        receiver = host.pipeline.receiver
        publisher = WithoutTraces(host.pipeline.bus, observed.telemetry, host.clock)
        known = receiver.addressing
        threads = Threads(known.threads._store, known.pseudonyms, publisher, receiver.overflow)
        addressing = replace(known, threads=threads)
        faulty = replace(host.pipeline, receiver=replace(receiver, addressing=addressing, publisher=publisher))
        bootstrap.provide(faulty, bootstrap.access())
        with pytest.raises(AssertionError, match="3 == 1"):
            await test_traces.test_a_message_is_one_trace_from_the_webhook_to_the_ledger(host, observed)
