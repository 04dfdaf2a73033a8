"""What happens to a message that the bus delivers: its event is recorded, or parked with the reason."""

import logging
from dataclasses import dataclass

from shared.channels.threads import Threads
from shared.clock import Clock
from shared.conversations.record import Recorder
from shared.errors import Refused, UnknownAccount
from shared.events.catalog import ConversationEnded, ConversationStarted, Customer, Event, InactivityTimeout
from shared.events.codec import decode_event, stored_event
from shared.events.parked import NO_TENANT, ParkedEvents, park
from shared.tenants.history import History

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deliveries:
    """Takes deliveries. What it returns from is settled; what it raises from is delivered again."""

    recorder: Recorder
    threads: Threads
    parked: ParkedEvents
    clock: Clock

    async def deliver(self, body: bytes) -> None:
        """Record the event in the body. An event that can never be right is parked, and costs others nothing."""
        tenant_id = NO_TENANT
        try:
            event = decode_event(body)
            history = await self.recorder.configurations.of(event.tenantid)
            tenant_id = event.tenantid
            # A question about silence is answered, never stored; there is no policy yet that could be due.
            if not isinstance(event, InactivityTimeout):
                await self.recorder.record(tenant_id, await self._addressed(tenant_id, event, history))
        except Refused as reason:
            await self.parked.park(tenant_id, park(body, reason, self.clock.now()))
            _log.warning("parked an event", extra={"tenant": tenant_id, "code": reason.code})

    async def _addressed(self, tenant_id: str, event: Event, history: History) -> Event:
        """The event with its subject; a bot that knows only its channel's thread is resolved like an activity."""
        channel = event.data.channel
        if event.subject is not None or channel is None or channel.thread_id is None:
            return event
        if history.at(self.clock.now()).configuration.channel(channel.account_id, channel.channel_id) is None:
            raise UnknownAccount(channel.account_id, channel.channel_id)
        resolved = await self.threads.resolve(
            tenant_id,
            channel,
            event.moment,
            event.data.customer if isinstance(event, ConversationStarted) else Customer(id=channel.thread_id),
            begins=not isinstance(event, ConversationEnded),
            announce=not isinstance(event, ConversationStarted),
        )
        # Read anew: a copy would keep the identity that was computed without the subject.
        return stored_event(event.model_copy(update={"subject": resolved.conversation_id}).to_json())
