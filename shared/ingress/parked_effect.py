"""Lists parked effects among the parked events, so that one list shows what needs somebody, and one command replays."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.effects.dispatcher import Parked
from shared.ingress.parked_event import ParkedEffect, ParkedEvents, park_effect


@dataclass(frozen=True)
class ParkedEffects:
    """Implements `EffectParking`."""

    parked: ParkedEvents
    clock: Clock

    async def park(self, tenant_id: str, parked: Parked) -> None:
        pending = parked.pending
        effect = ParkedEffect(
            key=parked.key, effect_id=parked.effect_id, kind=pending.effect.kind, revision=pending.revision
        )
        event = park_effect(effect, str(pending.last_error), parked.detail, self.clock.now())
        await self.parked.park(tenant_id, event)
