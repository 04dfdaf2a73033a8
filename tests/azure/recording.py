"""The use cases on Cosmos, with a bus that delivers failed messages again."""

from collections.abc import Awaitable, Callable, Iterable

from shared.clock import MovableClock
from shared.errors import Retryable
from shared.events.catalog import Event
from shared.tenants.configuration import Configuration
from tests.azure.databases import Stores
from tests.conversations.pipelines import NOW, InMemory

DELIVERIES = 10


def on_cosmos(stores: Stores) -> InMemory:
    """A recorder with every store in Cosmos; the bus and the clock are the fakes."""
    return InMemory(
        conversations=stores.conversations(),
        ledger=stores.ledger(),
        clock=MovableClock(NOW),
        configuration_store=stores.configurations(),
        thread_store=stores.threads(),
        parked=stores.parked(),
        archive=stores.archive,
    )


async def again(work: Callable[[], Awaitable[object]]) -> None:
    """Do the work, and again while it fails with a passing failure, as often as the bus would."""
    for _ in range(DELIVERIES - 1):
        try:
            await work()
        except Retryable:
            continue
        return
    await work()


async def configured(pipeline: InMemory, configuration: Configuration) -> None:
    """Put the tenant's configuration, as an administrator who tries again after an error."""
    await again(lambda: pipeline.configured(configuration))


async def deliver(pipeline: InMemory, events: Iterable[Event]) -> None:
    """Deliver the events, and those that are published meanwhile, until none is left."""
    waiting = list(events)
    while waiting:
        for event in waiting:
            await _delivered(pipeline, event.to_json().encode())
        waiting, pipeline.publisher.events[:] = list(pipeline.publisher.events), []


async def _delivered(pipeline: InMemory, body: bytes) -> None:
    await again(lambda: pipeline.deliveries.deliver(body))
