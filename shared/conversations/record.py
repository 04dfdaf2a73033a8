"""Records a fact: fold, reconcile, commit, perform. A crash anywhere leaves nothing, or an outbox."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.commit import Committed, Committer
from shared.conversations.fact import Fact
from shared.conversations.fullness import FullConversations, is_counted_with
from shared.conversations.ports import ConversationStore, EffectPerformer, Head, Loaded, Reconcile
from shared.conversations.turns import Place, Turns, Worked
from shared.errors import EventIdConflict, HeadChanged, Retryable, code_of
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.retry import retrying
from shared.telemetry import OFF, Telemetry
from shared.tenants.configurations import Configurations

_log = logging.getLogger(__name__)

Recorded = Literal["recorded", "without-effect", "duplicate"]
"""The outcome for an event. `without-effect`: it is recorded, and a decision says why it has no effect."""


@dataclass
class Recorder:
    """Records facts through its ports: those of one conversation that came meanwhile together."""

    conversations: ConversationStore
    configurations: Configurations
    reconcile: Reconcile
    effects: EffectPerformer
    clock: Clock
    telemetry: Telemetry = OFF
    committing: type[Committer] = Committer
    aside: Aside = field(default_factory=Aside)

    def __post_init__(self) -> None:
        self._committer = self.committing(
            self.conversations, self.configurations, self.reconcile, self.clock, self.telemetry, self.aside
        )
        self._full = FullConversations()
        self._turns = Turns[Fact, Recorded](self._record)

    async def record(self, tenant_id: str, event: Event) -> Recorded:
        """Record the event once, however often it is delivered. The event has a subject.

        Raises UnknownTenant, TooLate, ConversationFull and EventIdConflict, which a retry raises again.
        """
        history = await self.configurations.of(tenant_id)
        fact = Fact.of(event, self.clock.now(), await self.configurations.pseudonyms(tenant_id))
        if not fact.is_ours:
            # Patchbay's own facts end old conversations, so they may be old themselves.
            history.refuse_too_late(fact.at, fact.received_at)
        place = tenant_id, conversation_key(event.subject or "")
        self._full.refuse(place, fact, self.clock.now())
        return await self._turns.take(place, fact, len(fact.text))

    async def record_if_known(self, tenant_id: str, event: Event) -> None:
        """Record what Patchbay says of a conversation, unless that was forgotten, which nothing brings back."""
        if await self.conversations.read_head(tenant_id, conversation_key(event.subject or "")) is not None:
            await self.record(tenant_id, event)

    async def record_due(self, tenant_id: str, key: str, loaded: Loaded, events: Sequence[Event]) -> bool:
        """Record what Patchbay decided on what was loaded. False if all of it was recorded before.

        Raises HeadChanged if the conversation is another one by now, so that this must be decided again; UnknownTenant
        and EventIdConflict.
        """
        history, pseudonyms = await self.configurations.of(tenant_id), await self.configurations.pseudonyms(tenant_id)
        facts = [Fact.of(event, self.clock.now(), pseudonyms) for event in events]
        committed = await self._committer.commit_on(tenant_id, key, loaded, facts, history)
        if committed.head.due_effects(self.clock.now()):
            await self._perform((tenant_id, key), committed.head, committed.etag)
        return bool(committed.new)

    async def record_anew(self, tenant_id: str, key: str, reconcile: Reconcile) -> int:
        """Fold the conversation's facts, and commit the result over head and decisions. Returns the number of facts.

        `reconcile` is called instead of the usual one. Nothing is done if there is no fact, because then the right head
        is unknown. Raises UnknownTenant, and HeadChanged if the conversation cannot be read.
        """
        history = await self.configurations.of(tenant_id)
        committer = replace(self._committer, reconcile=reconcile)
        committed = await retrying(HeadChanged, committer.commit_anew, tenant_id, key, history)
        if committed is None:
            return 0
        head, etag, facts = committed
        await self._perform((tenant_id, key), head, etag)
        return facts

    async def _record(self, place: Place, facts: Sequence[Fact]) -> Worked[Recorded]:
        """Record the facts of a conversation together, or, if that fails, one by one."""
        first: dict[str, Fact] = {}
        for fact in facts:
            first.setdefault(fact.id, fact)
        try:
            committed = await self._commit(place, list(first.values()))
        except Exception as failure:
            if len(facts) == 1 or isinstance(failure, Retryable):
                raise
            return await self._record_each(place, facts)
        outcomes = [_outcome(fact, first[fact.id], committed) for fact in facts]
        return Worked(outcomes, self._left_over(place, committed.head, committed.etag))

    async def _record_each(self, place: Place, facts: Sequence[Fact]) -> Worked[Recorded]:
        outcomes: list[Recorded | Exception] = []
        newest: Committed | None = None
        for fact in facts:
            if outcomes and isinstance(outcomes[-1], Retryable):
                # The store is away, and would keep each one waiting.
                outcomes.append(outcomes[-1])
                continue
            try:
                newest = await self._commit(place, [fact])
                outcomes.append(_outcome(fact, fact, newest))
            except Exception as failure:  # of any kind: it concerns this fact's caller alone
                outcomes.append(failure)
        return Worked(outcomes, self._left_over(place, newest.head, newest.etag) if newest else None)

    async def _commit(self, place: Place, facts: Sequence[Fact]) -> Committed:
        committed = await self._committer.commit(*place, facts, await self.configurations.of(place[0]))
        if is_counted_with(committed.new):
            self._full.note(place, await self.conversations.count(*place), self.clock.now())
        return committed

    def _left_over(self, place: Place, head: Head, etag: str) -> Callable[[], Awaitable[None]] | None:
        """Performs the effects of the head that are due; None if none is."""
        return partial(self._perform, place, head, etag) if head.due_effects(self.clock.now()) else None

    async def _perform(self, place: Place, head: Head, etag: str) -> None:
        """Perform the effects that are due. Whatever becomes of them, the facts are recorded."""
        try:
            await self.effects.perform(*place, head, etag)
        except Exception as failure:  # of any kind: `sweep` performs them again
            extra = {"tenant": place[0], "key": place[1], "code": code_of(failure)}
            _log.warning("effects are left over: %s", extra["code"], extra=extra)


def _outcome(fact: Fact, first: Fact, committed: Committed) -> Recorded | EventIdConflict:
    """What became of a fact. Of facts with one id, only the first was committed."""
    if fact is not first and not first.same_content(fact):
        return EventIdConflict(fact.event.id)
    if fact is not first or fact.id not in committed.new:
        return "duplicate"
    decisions = committed.head.conversation.decisions
    without = any(one.cause.fact_id == fact.id and one.outcome == "withoutEffect" for one in decisions)
    return "without-effect" if without else "recorded"
