"""How large the messages of the sample month are on Service Bus, against `infra/prices/budget.json`."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from statistics import mean

import pytest
from azure.servicebus import ServiceBusMessageBatch

from local.sample.post import Post
from local.sample.schedule import turns
from local.sample.traffic import sample_month
from shared.azure.service_bus.publisher import message_to_send
from shared.clock import MovableClock
from shared.errors import Refused
from shared.events.bus import SUBSCRIPTIONS
from shared.events.catalog import Event
from shared.events.types.message_changed import MessageChanged
from shared.telemetry import OFF, Telemetry
from shared.tenants.decode import decode_configuration
from tests.azure.test_budget import BUDGET, TALK
from tests.builders import EXAMPLES
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryPublisher
from tests.observed import Observed

_TURNS = 300


class MeasuringPublisher(MemoryPublisher):
    """Implements `EventPublisher`. `sizes` are the bytes of each message on the wire, by the event's type."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: defaultdict[str, list[int]] = defaultdict(list)

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        await super().publish(tenant_id, events)
        for event in events:
            batch = ServiceBusMessageBatch()
            empty = batch.size_in_bytes
            batch.add_message(message_to_send(event))
            self.sizes[event.type].append(batch.size_in_bytes - empty)


async def measured(telemetry: Telemetry) -> dict[str, float]:
    """The mean size of the messages of each event type, in the first days of a thin sample month."""
    month, publisher = sample_month(7, thin=1000), MeasuringPublisher()
    pipeline = InMemory(publisher=publisher, clock=MovableClock(month.posts[0].at), telemetry=telemetry)
    for file in EXAMPLES.glob("*.yaml"):
        await pipeline.configured(decode_configuration(file.stem, file.read_bytes()))
    for turn in islice(turns(month), _TURNS):
        pipeline.clock.advance(turn.at - pipeline.clock.now())
        await pipeline.sweep.run()
        for post in turn.posts:
            with suppress(Refused):
                await received(pipeline, post)
        await pipeline.drain()
    return {kind: mean(sizes) for kind, sizes in publisher.sizes.items()}


async def received(pipeline: InMemory, post: Post) -> None:
    if post.path.endswith("/events"):
        await pipeline.receiver.receive_events(post.tenant, post.body)
    else:
        _, _, account, channel = post.path.rsplit("/", 3)
        await pipeline.receiver.receive_activity(post.tenant, account, channel, post.body)


def keeps_to_the_budget(sizes: dict[str, float]) -> None:
    # Few lines are changed, so the average conversation has no change.
    assert {*sizes, MessageChanged.type_name()} == set(SUBSCRIPTIONS.values())
    # `sweep` asks by the same event whatever is due. The budget has the means of the whole month, which takes a minute.
    budget = {name: BUDGET["events"][name]["busBytes"] for name in TALK["times"]}
    expected = {name: sizes.get(name, sizes["inactivity.timeout"]) for name in budget}
    assert budget == pytest.approx(expected, rel=0.05)


async def test_messages_are_as_large_as_the_cost_reckons(observed: Observed) -> None:
    # given the sample month, whose events carry their traces
    # when what would be sent to Service Bus is measured, then it is the size from which `make cost` computes a backlog
    keeps_to_the_budget(await measured(observed.telemetry))


async def test_messages_without_their_traces_are_noticed() -> None:
    # given events without a trace and the time of their acceptance, when they are measured, then they are too small
    with pytest.raises(AssertionError):
        keeps_to_the_budget(await measured(OFF))
