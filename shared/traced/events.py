"""The topic, the overflow and the parked events, each call a span.

Each published event goes its way with its trace.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from shared.clock import Clock
from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event, stored_event
from shared.events.overflow import Overflow
from shared.events.trace_context import TRACESTATE, TraceContext, attributes_for, without_carried
from shared.ingress.parked_event import ParkedEvent, ParkedEvents
from shared.telemetry import Telemetry
from shared.traced.calls import Calls
from shared.wire import canonical_json


@dataclass(frozen=True)
class TracedPublisher:
    """An EventPublisher. A batch has one span per event, so that each event's way is found from it alone."""

    publisher: EventPublisher
    telemetry: Telemetry
    clock: Clock

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        with ExitStack() as spans:
            sent = []
            for event in events:
                context = spans.enter_context(self.telemetry.publishing(event.type, event.identity, event.attributes))
                sent.append(self._carrying(event, context))
            await self.publisher.publish(tenant_id, sent)

    def _carrying(self, event: Event, context: TraceContext | None) -> Event:
        """The event with what it carries; without, where there is no room for it."""
        attributes = attributes_for(context, self.clock.now())
        bare = _without_trace(event) if context and TRACESTATE in event.attributes else event
        carrying = bare.model_copy(update=attributes)
        return carrying if len(encode_event(carrying)) <= MAX_EVENT_BYTES else event


def _without_trace(event: Event) -> Event:
    """The event without its sender's trace, whose state is of no use in another one."""
    return stored_event(
        canonical_json(without_carried(event.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    )


@dataclass(frozen=True)
class TracedOverflow:
    """The Overflow."""

    overflow: Overflow
    calls: Calls

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        with self.calls.call("put", tenant_id, place):
            await self.overflow.put(tenant_id, place, sha256, content)

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        with self.calls.call("get", tenant_id, place):
            return await self.overflow.get(tenant_id, place, sha256)

    async def delete(self, tenant_id: str, place: str) -> None:
        with self.calls.call("delete", tenant_id, place):
            await self.overflow.delete(tenant_id, place)


@dataclass(frozen=True)
class TracedParkedEvents:
    """The ParkedEvents."""

    parked_events: ParkedEvents
    calls: Calls

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        with self.calls.call("park", tenant_id):
            await self.parked_events.park(tenant_id, event)

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        with self.calls.call("parked", tenant_id):
            return await self.parked_events.parked(tenant_id, after=after, limit=limit, replayed=replayed)

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None:
        with self.calls.call("get", tenant_id):
            return await self.parked_events.get(tenant_id, event_id)

    async def delete(self, tenant_id: str, event_id: str) -> None:
        with self.calls.call("delete", tenant_id):
            await self.parked_events.delete(tenant_id, event_id)

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        with self.calls.call("mark_replaying", tenant_id):
            await self.parked_events.mark_replaying(tenant_id, event_id, at)

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        with self.calls.call("mark_replayed", tenant_id):
            await self.parked_events.mark_replayed(tenant_id, event_id, at)
