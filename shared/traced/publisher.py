"""The topic where telemetry is on: each event is published in a span, and carries its trace."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from shared.clock import Clock
from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event, stored_event
from shared.events.trace_context import TRACESTATE, TraceContext, attributes_for, without_carried
from shared.strict_json import canonical_json
from shared.telemetry import Telemetry


@dataclass(frozen=True)
class TracedPublisher:
    """Implements `EventPublisher`. Each event of a batch has its own span, and so its own place in its trace."""

    publisher: EventPublisher
    telemetry: Telemetry
    clock: Clock

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        with ExitStack() as spans:
            sent = []
            for event in events:
                context = spans.enter_context(self.telemetry.publishing(event.type, event.attributes))
                sent.append(self._carrying(event, context))
            await self.publisher.publish(tenant_id, sent)

    def _carrying(self, event: Event, context: TraceContext | None) -> Event:
        """The event with its trace and the time of its acceptance; as it is if that would make it too large."""
        attributes = attributes_for(context, self.clock.now())
        bare = _without_trace(event) if context and TRACESTATE in event.attributes else event
        carrying = bare.with_unknown(attributes)
        return carrying if len(encode_event(carrying)) <= MAX_EVENT_BYTES else event


def _without_trace(event: Event) -> Event:
    """The event without its sender's trace, whose state means nothing in another trace."""
    return stored_event(
        canonical_json(without_carried(event.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    )
