"""What happens at a door: payloads become events, and what was accepted is durable on the bus before it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.channels.bot_framework import read_activity
from shared.channels.cloud_events import Rejected, read_events
from shared.channels.dialect import Draft, Reading
from shared.channels.telegram import read_update
from shared.channels.threads import Threads
from shared.clock import Clock
from shared.errors import InvalidActivity, UnknownAccount
from shared.events.bus import EventPublisher
from shared.events.catalog import ChannelReference, Event
from shared.events.codec import event_from
from shared.events.envelope import format_time, parse_time
from shared.tenants.history import Configurations
from shared.wire import parse_json


@dataclass(frozen=True)
class Receipt:
    """What became of a payload: ids of the events that are on their way, what was ignored, what was rejected.

    `conversation_id` is known where a channel's activity was resolved to one.
    """

    accepted: Sequence[str]
    ignored: Sequence[str] = ()
    rejected: Sequence[Rejected] = ()
    conversation_id: str | None = None


@dataclass(frozen=True)
class Receiver:
    """The doors' use case."""

    configurations: Configurations
    threads: Threads
    publisher: EventPublisher
    clock: Clock

    async def receive_events(self, tenant_id: str, body: bytes) -> Receipt:
        """Publish the CloudEvents in the body. Raises UnknownTenant, InvalidEvent, EventTooLarge."""
        configuration = (await self.configurations.of(tenant_id)).at(self.clock.now()).configuration
        return await self._publish_events(tenant_id, *read_events(configuration, body))

    async def receive_activity(self, tenant_id: str, account_id: str, channel_id: str, body: bytes) -> Receipt:
        """Publish what a channel's payload means, in the dialect of its account.

        Raises UnknownTenant, UnknownAccount, InvalidActivity, InvalidEvent, EventTooLarge.
        """
        configuration = (await self.configurations.of(tenant_id)).at(self.clock.now()).configuration
        found = configuration.channel(account_id, channel_id)
        if found is None:
            raise UnknownAccount(account_id, channel_id)
        account, _ = found
        channel = ChannelReference(account_id=account_id, channel_id=channel_id)
        if account.dialect == "cloudEvents":
            return await self._publish_events(tenant_id, *read_events(configuration, body, channel))
        reading = _READERS[account.dialect](parse_json(body, InvalidActivity), configuration)
        return await self._publish_reading(tenant_id, channel, reading)

    async def _publish_events(self, tenant_id: str, events: Sequence[Event], rejected: Sequence[Rejected]) -> Receipt:
        await self.publisher.publish(tenant_id, events)
        return Receipt([event.id for event in events], rejected=rejected)

    async def _publish_reading(self, tenant_id: str, door: ChannelReference, reading: Reading) -> Receipt:
        if not reading.drafts and not reading.begins:
            return Receipt([], reading.ignored)
        channel = door.model_copy(update={"thread_id": reading.thread_id})
        time = reading.time or format_time(self.clock.now())
        assumed = reading.time is None
        # Whatever the dialect made is checked before a conversation is opened for it.
        for draft in reading.drafts:
            _event(tenant_id, channel, "unresolved", draft, time, assumed=assumed)
        resolved = await self.threads.resolve(
            tenant_id, channel, parse_time(time), reading.customer, begins=reading.begins
        )
        subject = resolved.conversation_id
        events = [_event(tenant_id, channel, subject, draft, time, assumed=assumed) for draft in reading.drafts]
        await self.publisher.publish(tenant_id, events)
        announced = [resolved.announced] if resolved.announced else []
        known = [] if announced or events or reading.ignored else ["the conversation has begun before"]
        accepted = [*announced, *(event.id for event in events)]
        return Receipt(accepted, [*reading.ignored, *known], conversation_id=subject)


_READERS = {"botFramework": read_activity, "telegram": read_update}


def _event(tenant_id: str, channel: ChannelReference, subject: str, draft: Draft, time: str, *, assumed: bool) -> Event:
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": draft.id,
        "source": f"/channels/{channel.account_id}/{channel.channel_id}",
        "type": draft.type,
        "subject": subject,
        "time": time,
        "tenantid": tenant_id,
        "datacontenttype": "application/json",
        "data": {**draft.data, "channel": channel.model_dump(by_alias=True)},
    }
    return event_from({**envelope, "timeassumed": True} if assumed else envelope)
