"""The use cases of parked events: listing them with their reasons, replaying them as they are or mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.access.sender_permissions import refuse_reserved
from shared.clock import Clock
from shared.conversations.ports import ConversationStore
from shared.dialects.dialect import Ingress
from shared.dialects.registry import EVENTS
from shared.effects.dispatcher import Dispatcher
from shared.errors import InvalidEvent, InvalidRequest, Mistake, Refused, UnknownParkedEvent
from shared.events.bus import EventPublisher
from shared.events.claim_check import CheckedIn, checks_of
from shared.events.codec import decode_event, event_from
from shared.events.envelope import format_time
from shared.events.overflow import Overflow, place_of, publish
from shared.ingress.parked_event import NO_TENANT, ParkedEffect, ParkedEvent, ParkedEvents, arrival_text
from shared.strict_json import parse_json
from shared.tenants.configurations import Configurations

PAGE = 50
"""Parked events per page; each comes with its body."""


def parked_document(event: ParkedEvent) -> dict[str, Any]:
    """A parked event as the JSON document of an answer."""
    return {
        "id": event.id,
        "receivedAt": event.received_at,
        "code": event.code,
        "detail": event.detail,
        "errors": [{"path": mistake.path, "reason": mistake.reason} for mistake in event.mistakes],
        "body": event.body,
        "effect": event.effect.model_dump(mode="json", by_alias=True) if event.effect else None,
        "replayedAt": event.replayed_at,
    }


@dataclass(frozen=True)
class ParkedPage:
    """Parked events, oldest first, and where the next page begins."""

    events: Sequence[ParkedEvent]
    continuation: str | None


@dataclass(frozen=True)
class ParkedEventService:
    """One tenant's parked events (or NO_TENANT's). Another tenant's are unknown, like those that never existed."""

    parked: ParkedEvents
    configurations: Configurations
    publisher: EventPublisher
    overflow: Overflow
    conversations: ConversationStore
    effects: Dispatcher
    clock: Clock

    async def page(self, tenant_id: str, after: str | None, *, replayed: bool) -> ParkedPage:
        """A page of parked events, with the replayed ones if `replayed`. Raises UnknownTenant."""
        if tenant_id != NO_TENANT:
            await self.configurations.of(tenant_id)
        found = await self.parked.parked(tenant_id, after=after, limit=PAGE + 1, replayed=replayed)
        page = found[:PAGE]
        waiting = [one for one in page if one.replayed_at or await self._waits(tenant_id, one)]
        return ParkedPage(waiting, page[-1].position if len(found) > PAGE else None)

    async def replay(self, tenant_id: str, parked_id: str, mended: bytes) -> str:
        """Publish the parked event, or `mended` in its place, under its identity. Returns the event's id.

        An event that is refused here stays parked. An event that is refused on delivery is parked again. A parked
        effect is tried once more; if it fails again, it stays parked, and the reason is raised. Raises
        UnknownParkedEvent, and the errors of `Receiver.receive_events`.
        """
        parked_event = await self.parked.get(tenant_id, parked_id)
        if parked_event is None:
            raise UnknownParkedEvent
        if parked_event.effect is not None:
            return await self._replay_effect(tenant_id, parked_id, parked_event.effect, mended)
        admitted = await self._admitted(tenant_id, parked_event, mended)
        moment = self.clock.now()
        now = format_time(moment)
        await self.parked.mark_replaying(tenant_id, parked_id, now)
        own_tenant = admitted.event.tenantid
        pseudonyms = await self.configurations.pseudonyms(own_tenant)
        await publish(self.publisher, self.overflow, own_tenant, pseudonyms, [admitted], moment)
        await self.parked.mark_replayed(tenant_id, parked_id, now)
        return admitted.event.id

    async def _replay_effect(self, tenant_id: str, parked_id: str, effect: ParkedEffect, mended: bytes) -> str:
        if mended.strip():
            raise InvalidRequest([Mistake("", "an effect is replayed as it is, so the request has no body")])
        await self.effects.replay(tenant_id, effect.key, effect.effect_id, effect.revision)
        now = format_time(self.clock.now())
        await self.parked.mark_replaying(tenant_id, parked_id, now)
        await self.parked.mark_replayed(tenant_id, parked_id, now)
        return effect.effect_id

    async def forget_expired(self) -> int:
        """Delete events that were parked longer ago than their tenant's retention. Returns their number.

        Their overflow contents are deleted, too, but for those that a conversation's facts name.
        """
        forgotten = 0
        for tenant_id in [*await self.configurations.tenants(), NO_TENANT]:
            before = arrival_text(self.clock.now() - await self.configurations.retention(tenant_id))
            after: str | None = None
            while oldest := await self.parked.parked(tenant_id, after=after, limit=PAGE, replayed=True):
                expired = [event for event in oldest if event.received_at < before]
                # A parked effect is never lost: its conversation stays, too, until somebody replays it.
                gone = [
                    event
                    for event in expired
                    if event.effect is None or event.replayed_at or not await self._waits(tenant_id, event)
                ]
                for event in gone:
                    await self._forget(tenant_id, event)
                forgotten += len(gone)
                if len(expired) < len(oldest):
                    break
                after = oldest[-1].position
        return forgotten

    async def _waits(self, tenant_id: str, event: ParkedEvent) -> bool:
        """True for an event. For an effect, if nothing took its place since it was parked."""
        effect = event.effect
        if effect is None:
            return True
        return await self.effects.is_parked(tenant_id, effect.key, effect.effect_id, effect.revision)

    async def _forget(self, tenant_id: str, parked_event: ParkedEvent) -> None:
        try:
            event = decode_event(parked_event.body.encode())
        except Refused:
            event = None
        # Contents are only kept for tenants that are known.
        if tenant_id != NO_TENANT and event is not None and any(checks_of(event)):
            place = place_of(event, await self.configurations.pseudonyms(tenant_id))
            # A conversation's own contents go with it.
            kept = set()
            if event.subject is not None:
                facts = (await self.conversations.load(tenant_id, place)).facts
                kept = {check.sha256 for fact in facts for check in checks_of(fact.event)}
            for sha256 in {check.sha256 for check in checks_of(event)} - kept:
                await self.overflow.discard(tenant_id, place, sha256)
        # Deleted last, so that after a crash the next run finds it.
        await self.parked.delete(tenant_id, parked_event.id)

    async def _admitted(self, tenant_id: str, parked_event: ParkedEvent, mended: bytes) -> CheckedIn:
        """The event, checked as at an ingress. Raises InvalidEvent if it has another identity than the parked one."""
        if not mended.strip() and not parked_event.whole():
            raise InvalidEvent([Mistake("", "what came was not UTF-8, so it can only be replayed mended")])
        body = mended if mended.strip() else parked_event.body.encode()
        event_document = parse_json(body, InvalidEvent)
        event = event_from(event_document)
        own_tenant = event.tenantid if tenant_id == NO_TENANT else tenant_id
        configuration = (await self.configurations.of(own_tenant)).at(self.clock.now()).configuration
        refuse_reserved(event)
        admitted = EVENTS.read(event_document, Ingress(configuration))
        mistakes = [
            Mistake(name, f"is {getattr(admitted.event, name)!r}, but the parked event's is {text!r}")
            for name, text in parked_event.identity().items()
            if getattr(admitted.event, name) != text
        ]
        if mistakes:
            raise InvalidEvent(mistakes)
        return admitted
