"""Performs the effects in a head's outbox, each alone: one that fails keeps neither another one nor an event waiting.

An effect that fails is tried again, after growing pauses, by `sweep`. After its last attempt it is parked: it is listed
with its reason, and waits in the outbox until somebody replays it.
"""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from shared.clock import Clock
from shared.conversations.effect import ATTEMPTS, Outbox, PendingEffect, caused_by
from shared.conversations.ports import ConversationStore, Head
from shared.effects.handler import Done, EffectHandler, KeptOut
from shared.errors import EffectFailed, HeadChanged, PatchbayError, Retryable, code_of
from shared.metrics import EFFECTS_PARKED
from shared.retry import retrying
from shared.telemetry import OFF, Telemetry
from shared.wire import replace

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parked:
    """A parked effect of the conversation `key`: its id in the outbox, and what kept it from being done."""

    key: str
    effect_id: str
    pending: PendingEffect
    detail: str


class EffectParking(Protocol):
    """The port to the list of parked effects."""

    async def park(self, tenant_id: str, parked: Parked) -> None:
        """List the effect. If it is listed already, nothing changes; if its replay has begun, it is listed again."""
        ...


@dataclass(frozen=True)
class Failed:
    """The effect is not done, for this reason. `retry_after`: the shortest pause before the next attempt."""

    failure: Exception

    @property
    def retry_after(self) -> timedelta:
        return timedelta(seconds=self.failure.retry_after if isinstance(self.failure, Retryable) else 0)

    @property
    def detail(self) -> str:
        return self.failure.detail if isinstance(self.failure, PatchbayError) else type(self.failure).__name__


Outcomes = Mapping[str, Done | KeptOut | Failed]
"""What became of effects, by their ids."""


@dataclass
class EffectFigures:
    """How many attempts this process has made: those that failed, and effects that it parked after the last one."""

    attempts: int = 0
    failed: int = 0
    parked: int = 0


@dataclass(frozen=True)
class Dispatcher:
    """Has each effect performed by the handler of its kind. Performing an effect again does no harm.

    An effect may record facts into conversations, its own one among them, whose effects are performed then. So an
    effect that is being performed in this process (`in_progress`) is not begun again meanwhile.
    """

    conversations: ConversationStore
    handlers: Mapping[str, EffectHandler]
    parking: EffectParking
    clock: Clock
    telemetry: Telemetry = OFF
    figures: EffectFigures = field(default_factory=EffectFigures)
    in_progress: set[tuple[str, str, str, int]] = field(default_factory=set)

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        """Perform the effects of this head that are due, and note in the stored head what became of them.

        Raises HeadChanged and StoreUnavailable if that could not be noted.
        """
        await self._perform(tenant_id, key, head, etag, self.clock.now())

    async def _perform(self, tenant_id: str, key: str, head: Head, etag: str, until: datetime) -> None:
        left = head
        outcomes: dict[str, Done | KeptOut | Failed] = {}
        # What is done may be what another effect waited for.
        while ready := {
            name: one
            for name, one in left.due_effects(until).items()
            if name not in outcomes and (tenant_id, key, name, one.revision) not in self.in_progress
        }:
            found = await asyncio.gather(*(self._try(tenant_id, head, name, one) for name, one in ready.items()))
            outcomes |= dict(zip(ready, found, strict=True))
            left = left.without({name: one for name, one in ready.items() if isinstance(outcomes[name], Done)})
        if outcomes and (above := await self._note(tenant_id, key, head, etag, outcomes)):
            await self._perform(tenant_id, key, *above, until)

    async def perform_left_over(self, tenant_id: str, key: str, *, whatever_pause: bool = False) -> None:
        """Perform the effects of the conversation that are due, or, `whatever_pause` is left, all that are not parked.

        Raises as `perform` does.
        """
        until = datetime.max.replace(tzinfo=UTC) if whatever_pause else self.clock.now()
        found = await self.conversations.read_head(tenant_id, key)
        if found is not None and (due := found[0].due_effects(until)):
            with self.telemetry.resuming(tenant_id, key, await self._traces(tenant_id, key, due)):
                await self._perform(tenant_id, key, *found, until)

    async def replay(self, tenant_id: str, key: str, effect_id: str, revision: int) -> None:
        """Try a parked effect once more, now. Does nothing if it was done or replaced since.

        Raises what keeps it from being done; it stays parked then.
        """
        found = await self._parked(tenant_id, key, effect_id, revision)
        if found is None:
            return
        outcome = await self._try(tenant_id, found[0], effect_id, found[0].outbox[effect_id])
        if isinstance(outcome, Failed):
            failure = outcome.failure
            raise failure if isinstance(failure, PatchbayError) else EffectFailed(code_of(failure))
        if above := await self._note(tenant_id, key, *found, {effect_id: outcome}):
            await self.perform(tenant_id, key, *above)

    async def is_parked(self, tenant_id: str, key: str, effect_id: str, revision: int) -> bool:
        """True if the effect still waits for somebody to replay it. It may have been replaced by a later one since."""
        return await self._parked(tenant_id, key, effect_id, revision) is not None

    async def _parked(self, tenant_id: str, key: str, effect_id: str, revision: int) -> tuple[Head, str] | None:
        """The head in whose outbox the effect is parked, with its ETag; None if it is there no more."""
        found = await self.conversations.read_head(tenant_id, key)
        pending = found[0].outbox.get(effect_id) if found else None
        return found if pending and pending.is_parked and pending.revision == revision else None

    async def _try(self, tenant_id: str, head: Head, effect_id: str, pending: PendingEffect) -> Done | KeptOut | Failed:
        effect, key = pending.effect, head.conversation.key
        self.figures.attempts += 1
        mark = tenant_id, key, effect_id, pending.revision
        self.in_progress.add(mark)
        try:
            return await self.handlers[effect.kind].perform(tenant_id, head.conversation, effect)
        except Exception as failure:  # of any kind: no effect may keep others from being performed
            self.figures.failed += 1
            # An unforeseen error's message may hold what a customer wrote.
            where = "" if isinstance(failure, PatchbayError) else "".join(traceback.format_tb(failure.__traceback__))
            extra = {"tenant": tenant_id, "key": key, "effect": effect_id, "code": code_of(failure)}
            _log.warning("an effect failed: %s (%s of %s)\n%s", extra["code"], effect_id, key, where, extra=extra)
            return Failed(failure)
        finally:
            self.in_progress.discard(mark)

    async def _note(
        self, tenant_id: str, key: str, head: Head, etag: str, outcomes: Outcomes
    ) -> tuple[Head, str] | None:
        """Note the outcomes in the head, or in the one that replaced it meanwhile.

        Returns the head to be performed again, if it must begin above the revisions of a former life.
        """
        failed = await self._failed(tenant_id, head, outcomes)
        try:
            return await self._save(tenant_id, key, head.outbox, head, etag, outcomes, failed)
        except HeadChanged:
            return await retrying(HeadChanged, self._save_in_successor, tenant_id, key, head.outbox, outcomes, failed)

    async def _save_in_successor(
        self, tenant_id: str, key: str, performed: Outbox, outcomes: Outcomes, failed: Outbox
    ) -> tuple[Head, str] | None:
        found = await self.conversations.read_head(tenant_id, key)
        return await self._save(tenant_id, key, performed, *found, outcomes, failed) if found else None

    async def _save(
        self, tenant_id: str, key: str, performed: Outbox, head: Head, etag: str, outcomes: Outcomes, failed: Outbox
    ) -> tuple[Head, str] | None:
        """Save the head with these outcomes. Raises HeadChanged."""
        after, known = self._after(head.with_failed(failed), performed, outcomes)
        if known:
            after = after.at_revision(max(head.revision, known) + 1, self.clock.now())
        if after != head:
            etag = await self.conversations.save_head(tenant_id, key, after, etag)
        return (after, etag) if known else None

    def _after(self, head: Head, performed: Outbox, outcomes: Outcomes) -> tuple[Head, int]:
        """The head after these outcomes, and the highest revision that keeps one of its rows out (0: none does).

        An effect that is in the outbox no more was replaced by a later one, and only this performer was late.
        """
        done = {name: performed[name] for name, each in outcomes.items() if isinstance(each, Done)}
        after = head.without(done)
        present = {name for name, each in head.outbox.items() if name in performed and each == performed[name]}
        kept_out = (each.revision for name, each in outcomes.items() if isinstance(each, KeptOut) and name in present)
        return after, max(kept_out, default=0)

    async def _failed(self, tenant_id: str, head: Head, outcomes: Outcomes) -> dict[str, PendingEffect]:
        """The effects that failed, after one more attempt. What is parked is listed before the head says so."""
        failed = {}
        for name, outcome in outcomes.items():
            if isinstance(outcome, Failed):
                last = head.outbox[name].failed(code_of(outcome.failure), self.clock.now(), outcome.retry_after)
                if last.is_parked and not await self._is_listed(tenant_id, head, name, last, outcome.detail):
                    last = replace(head.outbox[name], next_at=self.clock.now() + ATTEMPTS.longest)
                failed[name] = last
        return failed

    async def _is_listed(self, tenant_id: str, head: Head, effect_id: str, parked: PendingEffect, detail: str) -> bool:
        """List the effect as parked. False if the list cannot be written, so that it is tried once more later."""
        try:
            await self.parking.park(tenant_id, Parked(head.conversation.key, effect_id, parked, detail))
        except Exception as failure:  # of any kind: other effects must not wait for the list
            _log.warning("an effect could not be parked: %s", code_of(failure))
            return False
        code, key = str(parked.last_error), head.conversation.key
        extra = {"tenant": tenant_id, "key": key, "effect": effect_id, "code": code}
        _log.error("parked an effect: %s (%s of %s)", code, effect_id, key, extra=extra)
        self.figures.parked += 1
        attributes = {"kind": parked.effect.kind, "code": code}
        self.telemetry.metrics.count(EFFECTS_PARKED, attributes)
        return True

    async def _traces(self, tenant_id: str, key: str, effects: Outbox) -> list[Mapping[str, Any]]:
        """The attributes, with the traces, of the facts that led to these effects; empty if telemetry is off."""
        if not self.telemetry.is_on:
            return []
        ids = {fact_id for each in effects.values() if (fact_id := caused_by(each.effect))}
        facts = [await self.conversations.read_fact(tenant_id, key, fact_id) for fact_id in sorted(ids)]
        return [fact.event.attributes for fact in facts if fact]
