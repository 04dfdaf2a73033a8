"""Receives payloads and publishes their events. Accepted events are durable on the bus before the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.access.sender_permissions import SENDER_PERMISSIONS, Sender, refuse_reserved
from shared.aside import Aside
from shared.conversations.ports import ConversationStore
from shared.dialects.dialect import Dialect, Ingress
from shared.dialects.notes import Note, common_note
from shared.dialects.payload import Part, Payload, Rejected
from shared.dialects.reading import Reading
from shared.dialects.received import NOTHING_GIVEN, Received
from shared.dialects.recognise import read_posted
from shared.dialects.registry import EVENTS, dialect_named
from shared.errors import Refused
from shared.events.bus import EventPublisher
from shared.events.claim_check import CheckedIn, addressed
from shared.events.data import ChannelReference
from shared.events.overflow import Overflow, publish
from shared.ingress.addressing import Addressing
from shared.ingress.drafted_event import counting_moment, drafted_event
from shared.ingress.ownership import marked, refuse_foreign
from shared.ingress.stamps import Stamps, stamped
from shared.slices import Slice
from shared.tenants.configurations import Configurations
from shared.tenants.history import History
from shared.threads.links import LinkedThreads
from shared.threads.resolve import Resolved
from shared.wire import replace

Admit = Callable[[str, int], None]
"""Counts a tenant's payloads once it is known how many a body has. Raises TooManyRequests."""


def any_number(_: str, __: int) -> None:
    """Admits all."""


@dataclass(frozen=True)
class Receipt:
    """The outcome for a body: the ids of the published events, what was ignored, and what was rejected.

    `conversation_id` is set if every activity of a channel's body belongs to the same conversation. `dialect`: the one
    that the body was read in, which says how it is acknowledged.
    """

    accepted: Sequence[str]
    ignored: Sequence[Note] = ()
    rejected: Sequence[Rejected] = ()
    conversation_id: str | None = None
    dialect: Dialect = EVENTS


@dataclass(frozen=True)
class Receiver:
    """Receives payloads and events from outside, and publishes the events that they mean."""

    configurations: Configurations
    addressing: Addressing
    links: LinkedThreads
    publisher: EventPublisher
    overflow: Overflow
    conversations: ConversationStore
    stamps: Stamps
    aside: Aside = field(default_factory=Aside)

    async def receive_events(
        self, tenant_id: str, body: bytes, headers: Mapping[str, str] = NOTHING_GIVEN, admit: Admit = any_number
    ) -> Receipt:
        """Publish the CloudEvents in the body, if they are admitted.

        Raises UnknownTenant, InvalidEvent, EventTooLarge, TooManyRequests.
        """
        now = self.stamps.next()
        history = await self.configurations.of(tenant_id)
        ingress = Ingress(history.at(now).configuration)
        payload = await self.aside.reading(tenant_id, body, read_posted, EVENTS, Received(body, headers), ingress, now)
        admit(tenant_id, len(payload.parts))
        return await self._publish_payload(tenant_id, None, payload, history, now)

    async def receive_activity(
        self,
        tenant_id: str,
        account_id: str,
        channel_id: str,
        body: bytes,
        headers: Mapping[str, str] = NOTHING_GIVEN,
        admit: Admit = any_number,
    ) -> Receipt:
        """Publish the events that a channel's payload means, in the dialect of its account, if they are admitted.

        Raises UnknownTenant, UnknownAccount, InvalidActivity, InvalidEvent, EventTooLarge, TooLate, TooManyRequests. In
        a set of payloads a wrong one is rejected alone.
        """
        now = self.stamps.next()
        history = await self.configurations.of(tenant_id)
        configuration = history.at(now).configuration
        found = configuration.channel(account_id, channel_id)
        if found is None:
            raise configuration.unknown_channel(account_id, channel_id)
        account, declared = found
        channel = ChannelReference(account_id=account_id, channel_id=channel_id)
        ingress = Ingress(configuration, channel, declared.native_id)
        dialect = dialect_named(account.dialect)
        payload = await self.aside.reading(tenant_id, body, read_posted, dialect, Received(body, headers), ingress, now)
        admit(tenant_id, len(payload.parts))
        return await self._publish_payload(tenant_id, channel, payload, history, now)

    async def _publish_payload(
        self, tenant_id: str, channel: ChannelReference | None, payload: Payload, history: History, now: datetime
    ) -> Receipt:
        resolved: list[Resolved] = []
        events: list[CheckedIn] = []
        rejected: list[Rejected] = []
        current, time_at = Slice(), payload.dialect.time_at
        for index, part in enumerate(payload.parts):
            await current.end_if_over()
            try:
                conversation, checked_in = await self._events_of(tenant_id, channel, part, time_at, history, now)
            except Refused as reason:
                if not payload.is_set:
                    raise
                rejected.append(Rejected(index, reason.with_traceback(None)))
            else:
                resolved += [conversation] if conversation else []
                events += checked_in
        await self._publish(tenant_id, events, now)
        accepted = [*(one.announced for one in resolved if one.announced), *(one.event.id for one in events)]
        begun_before = _BEGUN_BEFORE if resolved and not accepted and not payload.ignored else []
        ids = {one.conversation_id for one in resolved}
        conversation_id = ids.pop() if len(ids) == 1 else None
        return Receipt(accepted, [*payload.ignored, *begun_before], rejected, conversation_id, payload.dialect)

    async def _events_of(
        self,
        tenant_id: str,
        channel: ChannelReference | None,
        part: Part,
        time_at: str,
        history: History,
        now: datetime,
    ) -> tuple[Resolved | None, list[CheckedIn]]:
        """The part's events, and the conversation that a native payload belongs to. `time_at`: the path of its time.

        Raises Refused, among them ReservedSource and ForeignConversation for what this sender may not say.
        """
        if isinstance(part.outcome, Refused):
            raise part.outcome
        if isinstance(part.outcome, CheckedIn):
            event = part.outcome.event
            refuse_reserved(event)
            sender: Sender = "publisher" if channel is None else "channel"
            speaks_for_its_own = SENDER_PERMISSIONS[sender].conversations == "own"
            if speaks_for_its_own and channel is not None and event.subject is not None:
                await refuse_foreign(self.conversations, tenant_id, channel, event.subject)
            return None, [replace(part.outcome, event=marked(event, channel))]
        if channel is not None and (older := part.outcome.continues) is not None:
            newer = replace(channel, thread_id=part.outcome.thread_id)
            await self.links.link(tenant_id, replace(channel, thread_id=older), newer)
        if channel is None or part.outcome.only_ignored:
            return None, []
        return await self._resolved_events(tenant_id, channel, part.outcome, time_at, history, now)

    async def _publish(self, tenant_id: str, events: Sequence[CheckedIn], now: datetime) -> None:
        """Publish the events of the request that came now."""
        pseudonyms = await self.configurations.pseudonyms(tenant_id)
        await publish(self.publisher, self.overflow, tenant_id, pseudonyms, stamped(events, now), now)

    async def _resolved_events(
        self,
        tenant_id: str,
        channel: ChannelReference,
        reading: Reading,
        time_at: str,
        history: History,
        now: datetime,
    ) -> tuple[Resolved, list[CheckedIn]]:
        """The conversation that a payload belongs to, and its events. Raises TooLate, EventTooLarge."""
        thread = replace(channel, thread_id=reading.thread_id)
        # The drafts are checked before a conversation is opened for them.
        drafts = [
            drafted_event(tenant_id, thread, draft, reading.time, now, () if number else reading.notes)
            for number, draft in enumerate(reading.drafts)
        ]
        moment = counting_moment(reading, now)
        history.refuse_too_late(moment, now, time_at)
        resolved = await self.addressing.conversation_of(tenant_id, thread, reading, drafts, moment, now)
        return resolved, [addressed(draft, resolved.conversation_id) for draft in drafts]


_BEGUN_BEFORE = [common_note("begun_before", "", "the conversation has begun before")]
