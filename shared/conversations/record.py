"""Records a fact: load, fold, reconcile, commit, perform. A crash anywhere leaves nothing, or an outbox."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.clock import Clock
from shared.conversations.blind_append import changes_head, invalidates_appends
from shared.conversations.conversation import Conversation
from shared.conversations.customer import customer_of
from shared.conversations.due_actions import due_actions
from shared.conversations.effect import Effect, with_effects
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.ports import ConversationStore, EffectPerformer, FactExists, Head, Loaded, Reconcile
from shared.errors import EventIdConflict, HeadChanged, code_of
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.metrics import SESSIONS
from shared.retry import retrying
from shared.telemetry import OFF, Telemetry
from shared.tenants.history import Configurations, History

_log = logging.getLogger(__name__)

Recorded = Literal["recorded", "without-effect", "duplicate"]
"""The outcome for an event. `without-effect`: it is recorded, and a decision says why it has no effect."""


@dataclass(frozen=True)
class _Committed:
    """A head with its ETag. `settled`: it reflects all stored facts. `created`: the fact was stored with it."""

    head: Head
    etag: str
    settled: bool
    created: bool


@dataclass(frozen=True)
class Recorder:
    """Records facts through its ports."""

    conversations: ConversationStore
    configurations: Configurations
    reconcile: Reconcile
    effects: EffectPerformer
    clock: Clock
    telemetry: Telemetry = OFF

    async def record(self, tenant_id: str, event: Event) -> Recorded:
        """Record the event once, however often it is delivered. The event has a subject.

        Raises UnknownTenant, TooLate and EventIdConflict, which a retry raises again.
        """
        history = await self.configurations.of(tenant_id)
        fact = Fact.of(event, self.clock.now(), await self.configurations.pseudonyms(tenant_id))
        if not fact.is_ours:
            # Patchbay's own facts end old conversations, so they may be old themselves.
            history.refuse_too_late(fact.at, fact.received_at)
        key = conversation_key(event.subject or "")
        new = False
        if event.changes_only_transcript:
            stored = await self._append(tenant_id, key, fact)
            new, fact = stored is fact, stored
            found = await self.conversations.read_head(tenant_id, key)
            if found and not changes_head(found[0].conversation, fact, history):
                await self._perform(tenant_id, key, *found)
                return "recorded" if new else "duplicate"
        return await self._settle(tenant_id, key, fact, history, new=new)

    async def record_anew(self, tenant_id: str, key: str, reconcile: Reconcile) -> int:
        """Fold the conversation's facts, and commit the result over head and decisions. Returns the number of facts.

        `reconcile` is called instead of the usual one. Nothing is done if there is no fact, because then the right head
        is unknown. Raises UnknownTenant, and HeadChanged if the conversation cannot be read.
        """
        history = await self.configurations.of(tenant_id)
        committed = await retrying(HeadChanged, self._commit_anew, tenant_id, key, history, reconcile)
        if committed is None:
            return 0
        head, etag, facts = committed
        await self._perform(tenant_id, key, head, etag)
        return facts

    async def _commit_anew(
        self, tenant_id: str, key: str, history: History, reconcile: Reconcile
    ) -> tuple[Head, str, int] | None:
        loaded = await self.conversations.load(tenant_id, key)
        if not loaded.facts:
            return None
        after = fold(tenant_id, loaded.facts[0].event.subject or "", loaded.facts, history)
        before = loaded.head.conversation if loaded.head else None
        revision = loaded.head.revision + 1 if loaded.head else 1
        newest = max(loaded.facts, key=lambda fact: (fact.received_at, fact.id))
        effects = reconcile(before, after, revision, newest)
        head = await self._successor(tenant_id, loaded, after, loaded.facts, history, revision, effects)
        etag = await self.conversations.commit(tenant_id, key, None, head, loaded.etag)
        return head, etag, len(loaded.facts)

    async def _append(self, tenant_id: str, key: str, fact: Fact) -> Fact:
        """Store the fact. Returns the stored one: for a duplicate the one that arrived first, with its times."""
        try:
            await self.conversations.append(tenant_id, key, fact)
        except FactExists:
            stored = await self.conversations.read_fact(tenant_id, key, fact.id)
            if stored is None:
                # The conversation was deleted in between, so this is no duplicate any more.
                return await self._append(tenant_id, key, fact)
            _refuse_conflict(stored, fact)
            return stored
        return fact

    async def _settle(self, tenant_id: str, key: str, fact: Fact, history: History, *, new: bool) -> Recorded:
        """Commit until the head reflects all stored facts, then perform its effects.

        `new`: the fact was stored just now.
        """
        settled = False
        while not settled:
            committed = await retrying(HeadChanged, self._commit, tenant_id, key, fact, history)
            settled, new = committed.settled, new or committed.created
        await self._perform(tenant_id, key, committed.head, committed.etag)
        if not new:
            return "duplicate"
        decisions = (one for one in committed.head.conversation.decisions if one.cause.fact_id == fact.id)
        return "without-effect" if any(one.outcome == "withoutEffect" for one in decisions) else "recorded"

    async def _commit(self, tenant_id: str, key: str, fact: Fact, history: History) -> "_Committed":
        """Commit the head folded from the stored facts and this one.

        A line may have been only appended meanwhile, because of the head before. If this commit takes away what that
        line relied on, `settled` is False, and the caller commits again. Without a head, no line is only appended.
        """
        loaded = await self.conversations.load(tenant_id, key)
        stored = next((known for known in loaded.facts if known.id == fact.id), None)
        if stored is not None:
            _refuse_conflict(stored, fact)
        facts = loaded.facts if stored else [*loaded.facts, fact]
        after = fold(tenant_id, fact.event.subject or "", facts, history)
        before = loaded.head.conversation if loaded.head else None
        revision = loaded.head.revision + 1 if loaded.head else 1
        effects = self.reconcile(before, after, revision, stored or fact)
        head = await self._successor(tenant_id, loaded, after, facts, history, revision, effects)
        if stored is not None and loaded.head is not None and loaded.etag is not None and _unchanged(loaded.head, head):
            return _Committed(loaded.head, loaded.etag, settled=True, created=False)
        try:
            etag = await self.conversations.commit(tenant_id, key, None if stored else fact, head, loaded.etag)
        except FactExists as conflict:
            # Another delivery of this event was faster. Its commit is loaded with the next try.
            raise HeadChanged from conflict
        if after.bot_activity.invocations and not (before and before.bot_activity.invocations):
            self.telemetry.metrics.count(SESSIONS)
        settled = loaded.head is None or not invalidates_appends(loaded.head.conversation, after)
        return _Committed(head, etag, settled, created=stored is None)

    async def _perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        """Perform the effects that are due. Whatever becomes of them, the fact is recorded."""
        try:
            await self.effects.perform(tenant_id, key, head, etag)
        except Exception as failure:  # of any kind: `sweep` performs them again
            extra = {"tenant": tenant_id, "key": key, "code": code_of(failure)}
            _log.warning("effects are left over: %s", extra["code"], extra=extra)

    async def _successor(
        self,
        tenant_id: str,
        loaded: Loaded,
        after: Conversation,
        facts: Sequence[Fact],
        history: History,
        revision: int,
        effects: Mapping[str, Effect],
    ) -> Head:
        now = self.clock.now()
        outbox = with_effects(loaded.head.outbox if loaded.head else {}, effects, revision, now)
        archived = loaded.head.archived if loaded.head else 0
        due = due_actions(after, facts, archived, history, now)
        return Head(
            conversation=after,
            revision=revision,
            outbox=outbox,
            due_at=due.next_at(now),
            attention=due.attention,
            archived=archived,
            customer=customer_of(await self.configurations.pseudonyms(tenant_id), after),
        )


def _refuse_conflict(stored: Fact | None, fact: Fact) -> None:
    if stored is not None and not stored.same_content(fact):
        raise EventIdConflict(fact.event.id)


def _unchanged(before: Head, after: Head) -> bool:
    """True if a commit would change at most what any line may change, which is worth no commit while it is open.

    A line that comes after the end may change the turns, which are exact from the end on. It changes `due_at`: the line
    must be archived too, before the conversation is forgotten.
    """
    one, other = (head.conversation.without_lines() for head in (before, after))
    turns = [head.conversation.bot_activity.turns for head in (before, after)]
    return one == other and (other.closed_at is None or (before.due_at == after.due_at and turns[0] == turns[1]))
