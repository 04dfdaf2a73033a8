"""Handles a message that the bus delivers: its event is recorded, or parked with the reason."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.access.sender_permissions import refuse_reserved
from shared.clock import Clock
from shared.conversations.record import Recorder
from shared.errors import EventTooLarge, InvalidEvent, Refused, code_of, where
from shared.events.catalog import Event
from shared.events.claim_check import checks_of
from shared.events.codec import decode_event
from shared.events.conversation_event import refuse_time
from shared.events.conversation_key import conversation_key
from shared.events.data import Customer
from shared.events.envelope import counted_moment
from shared.events.overflow import Overflow, carry, place_of
from shared.events.stamp import Stamp, arrival, stamp_of
from shared.events.types.conversation_started import ConversationStarted
from shared.ingress.changed_line import conversation_of_line
from shared.ingress.parked_event import NO_TENANT, ParkedEvents, park
from shared.ingress.stamps import Stamps, with_stamp
from shared.strict_json import parse_json
from shared.telemetry import OFF, Delivered, Outcome, Telemetry
from shared.tenants.history import History
from shared.threads.resolve import Beginning, Threads
from shared.timers.perform import Timers
from shared.wire import replace

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deliveries:
    """Handles deliveries. If `deliver` returns, the message is completed; if it raises, it is delivered again."""

    recorder: Recorder
    timers: Timers
    threads: Threads
    parked: ParkedEvents
    overflow: Overflow
    clock: Clock
    stamps: Stamps
    telemetry: Telemetry = OFF

    async def deliver(self, body: bytes) -> None:
        """Record the event in the body, or answer a timeout. An event that can never be recorded is parked."""
        read = _read(body)
        kind, carrier = ("unknown", _members(body)) if isinstance(read, Refused) else (read.type, read.attributes)
        with self.telemetry.delivering(kind, carrier, self.clock.now) as delivered:
            try:
                if isinstance(read, Refused):
                    raise read
                delivered.outcome = await self._handle(self._stamped(read), delivered)
            except Refused as reason:
                await self._park(body, reason, None if isinstance(read, Refused) else read.subject)
                delivered.parked(reason.code)
            except Exception as failure:  # of any kind: the bus delivers the message again
                # The host's own report of it may be sampled out.
                extra = {"type": kind, "code": code_of(failure)}
                _log.warning("a delivery failed: %s (%s)%s", extra["code"], kind, where(failure), extra=extra)
                raise

    def _stamped(self, event: Event) -> Event:
        """The event with its stamp. Without one a sender published it to the bus itself, so it comes in now."""
        return event if stamp_of(event.attributes) else with_stamp(event, Stamp(self.stamps.next()))

    async def _handle(self, event: Event, delivered: Delivered) -> Outcome:
        refuse_reserved(event)
        now = arrival(event.attributes, self.clock.now())
        if not event.is_question:
            refuse_time(event, now)
        tenant_id = event.tenantid
        # What was accepted by another process may be of a tenant that this one looked for in vain a moment ago.
        history = await self.recorder.configurations.of(tenant_id, certain=True)
        addressed = await self._addressed(tenant_id, event, history, now)
        delivered.about(tenant_id, conversation_key(addressed.subject or ""))
        if event.is_question:
            # A question is answered, and never stored.
            await self.timers.perform_due(tenant_id, addressed.subject or "")
            return "answered"
        return await self._record(tenant_id, event, addressed)

    async def _record(self, tenant_id: str, event: Event, addressed: Event) -> Outcome:
        """Record the event. Its overflow contents are copied to its conversation before, and deleted here after."""
        if event.subject is not None or not any(checks_of(event)):
            return await self.recorder.record(tenant_id, addressed)
        place = place_of(event, await self.recorder.configurations.pseudonyms(tenant_id))
        await carry(self.overflow, tenant_id, place, addressed)
        outcome = await self.recorder.record(tenant_id, addressed)
        # Deleted last, so that after a crash the next delivery finds the contents.
        await self.overflow.delete(tenant_id, place)
        return outcome

    async def _park(self, body: bytes, reason: Refused, conversation_id: str | None) -> None:
        tenant_id = await self._known_tenant(_members(body).get("tenantid"))
        key = conversation_key(conversation_id) if conversation_id else None
        await self.parked.park(tenant_id, park(body, reason, self.clock.now()))
        extra = {"tenant": tenant_id, "key": key, "code": reason.code}
        _log.warning("parked an event: %s", reason.code, extra=extra)

    async def _known_tenant(self, tenant_id: object) -> str:
        """The tenant's id if there is such a tenant, else NO_TENANT. The id may be any JSON value."""
        try:
            await self.recorder.configurations.of(tenant_id if isinstance(tenant_id, str) else "", certain=True)
        except Refused:
            return NO_TENANT
        return str(tenant_id)

    async def _addressed(self, tenant_id: str, event: Event, history: History, now: datetime) -> Event:
        """The event, which came in now, with its subject.

        An event that names only a channel's thread is resolved like an activity.
        """
        start = event if isinstance(event, ConversationStarted) else None
        moment = counted_moment(event.moment, now)
        if start:
            history.refuse_too_late(event.moment, now)
            await self.threads.register(tenant_id, start, moment)
        channel = event.data.channel
        if event.subject is not None or channel is None or channel.thread_id is None:
            return event
        configuration, named = history.at(self.clock.now()).configuration, (channel.account_id, channel.channel_id)
        if configuration.channel(*named) is None:
            raise configuration.unknown_channel(*named)
        history.refuse_too_late(event.moment, now)
        recorder = self.recorder
        line = await conversation_of_line(
            self.threads, recorder.conversations, recorder.configurations.pseudonyms, tenant_id, channel, event
        )
        if line is not None:
            return replace(event, subject=line)
        resolved = await self.threads.resolve(
            tenant_id,
            channel,
            moment,
            Beginning(start.data.customer if start else Customer(id=channel.thread_id), event.begins_conversation),
            announce=start is None,
        )
        return replace(event, subject=resolved.conversation_id)


def _read(body: bytes) -> Event | Refused:
    try:
        return decode_event(body)
    except (InvalidEvent, EventTooLarge) as reason:
        return reason


def _members(body: bytes) -> Mapping[str, Any]:
    """The members of the body's JSON object, which need be no valid event; empty if it is no object."""
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent:
        return {}
    return document if isinstance(document, dict) else {}
