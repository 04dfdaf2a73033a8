"""What happens to a message that the bus delivers: its event is recorded, or parked with the reason."""

import logging
from dataclasses import dataclass

from shared.channels.thread import Begins
from shared.channels.threads import Threads
from shared.clock import Clock
from shared.conversations.attend import Attendant
from shared.conversations.record import Recorder
from shared.errors import InvalidEvent, Refused, UnknownAccount
from shared.events.catalog import (
    ConversationEnded,
    ConversationStarted,
    Customer,
    Event,
    InactivityTimeout,
    MessagePosted,
)
from shared.events.codec import decode_event, stored_event
from shared.events.envelope import counted_moment
from shared.events.parked import NO_TENANT, ParkedEvents, park
from shared.tenants.history import History
from shared.wire import parse_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deliveries:
    """Takes deliveries. What it returns from is settled; what it raises from is delivered again."""

    recorder: Recorder
    attendant: Attendant
    threads: Threads
    parked: ParkedEvents
    clock: Clock

    async def deliver(self, body: bytes) -> None:
        """Record the event in the body. An event that can never be right is parked, and costs others nothing."""
        try:
            event = decode_event(body)
            tenant_id = event.tenantid
            history = await self.recorder.configurations.of(tenant_id)
            addressed = await self._addressed(tenant_id, event, history)
            if isinstance(event, InactivityTimeout):
                # A question is answered, never stored.
                await self.attendant.look_after(tenant_id, addressed.subject or "")
            else:
                await self.recorder.record(tenant_id, addressed)
        except Refused as reason:
            tenant_id = await self._tenant_named(body)
            await self.parked.park(tenant_id, park(body, reason, self.clock.now()))
            _log.warning("parked an event: %s", reason.code, extra={"tenant": tenant_id, "code": reason.code})

    async def _tenant_named(self, body: bytes) -> str:
        """The known tenant that the body names, however wrong the rest of it is."""
        try:
            document = parse_json(body, InvalidEvent)
            named = document.get("tenantid") if isinstance(document, dict) else None
            await self.recorder.configurations.of(named if isinstance(named, str) else "")
        except Refused:
            return NO_TENANT
        return str(named)

    async def _addressed(self, tenant_id: str, event: Event, history: History) -> Event:
        """The event with its subject; a bot that knows only its channel's thread is resolved like an activity."""
        if isinstance(event, ConversationStarted):
            await self.threads.register(tenant_id, event)
        channel = event.data.channel
        if event.subject is not None or channel is None or channel.thread_id is None:
            return event
        if history.at(self.clock.now()).configuration.channel(channel.account_id, channel.channel_id) is None:
            raise UnknownAccount(channel.account_id, channel.channel_id)
        now = self.clock.now()
        history.refuse_too_late(event.moment, now)
        resolved = await self.threads.resolve(
            tenant_id,
            channel,
            counted_moment(event.moment, now),
            event.data.customer if isinstance(event, ConversationStarted) else Customer(id=channel.thread_id),
            _begins(event),
            announce=not isinstance(event, ConversationStarted),
        )
        # Read anew: a copy would keep the identity that was computed without the subject.
        return stored_event(event.model_copy(update={"subject": resolved.conversation_id}).to_json())


def _begins(event: Event) -> Begins:
    """Whether the thread's next conversation begins with the event."""
    if isinstance(event, ConversationEnded | InactivityTimeout):
        return "never"
    if isinstance(event, MessagePosted) and event.data.author.role != "customer":
        return "ifFirst"
    return "always"
