"""Recording a fact: load, fold, reconcile, commit, perform. A crash anywhere leaves nothing, or an outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.clock import Clock
from shared.conversations.blind_append import changes_head, invalidates_appends
from shared.conversations.conversation import Conversation
from shared.conversations.due_actions import due_actions
from shared.conversations.effect import LEFT_OVER_AFTER, Effect
from shared.conversations.fact import SOURCE, Fact
from shared.conversations.fold import fold
from shared.conversations.ports import ConversationStore, EffectPerformer, FactExists, Head, Loaded, Reconcile
from shared.errors import EventIdConflict, HeadChanged
from shared.events.catalog import Event, MessagePosted
from shared.events.conversation_key import conversation_key
from shared.metrics import SESSIONS
from shared.retry import retrying
from shared.telemetry import OFF, Telemetry
from shared.tenants.history import Configurations, History

Recorded = Literal["recorded", "without-effect", "duplicate"]
"""What became of an event. `without-effect`: recorded, with a decision that says why nothing comes of it."""


@dataclass(frozen=True)
class _Committed:
    """The head with its ETag; whether it is what all facts make it, and whether the fact was stored with it."""

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
    outbox: EffectPerformer
    clock: Clock
    telemetry: Telemetry = OFF

    async def record(self, tenant_id: str, event: Event) -> Recorded:
        """Record the event, once, however often it is delivered; its subject is known.

        Raises UnknownTenant, TooLate and EventIdConflict, which no retry mends.
        """
        history = await self.configurations.of(tenant_id)
        fact = Fact.of(event, self.clock.now())
        if event.source != SOURCE:
            # What Patchbay records itself ends what is old, and must not be refused for it.
            history.refuse_too_late(fact.at, fact.received_at)
        key = conversation_key(event.subject or "")
        new = False
        if isinstance(event, MessagePosted):
            stored = await self._append(tenant_id, key, fact)
            new, fact = stored is fact, stored
            found = await self.conversations.read_head(tenant_id, key)
            if found and not found[0].outbox and not changes_head(found[0].conversation, fact, history):
                return "recorded" if new else "duplicate"
        return await self._settle(tenant_id, key, fact, history, new=new)

    async def record_anew(self, tenant_id: str, key: str, reconcile: Reconcile, revision: int) -> int:
        """Commit what its facts make of a conversation, whatever its head and decisions say; of how many facts.

        `reconcile` tells the effects, instead of the usual one. The head's revision is higher than its last one, and
        than `revision`. Without a fact nothing is done, since nobody knows what should be there. Raises UnknownTenant,
        and HeadChanged where the conversation cannot be read.
        """
        history = await self.configurations.of(tenant_id)
        done = await retrying(HeadChanged, self._commit_anew, tenant_id, key, history, reconcile, revision)
        if done is None:
            return 0
        head, etag, facts = done
        await self.outbox.perform(tenant_id, key, head, etag)
        return facts

    async def _commit_anew(
        self, tenant_id: str, key: str, history: History, reconcile: Reconcile, known: int
    ) -> tuple[Head, str, int] | None:
        loaded = await self.conversations.load(tenant_id, key)
        if not loaded.facts:
            return None
        after = fold(tenant_id, loaded.facts[0].event.subject or "", loaded.facts, history)
        before = loaded.head.conversation if loaded.head else None
        revision = max(loaded.head.revision if loaded.head else 0, known) + 1
        newest = max(loaded.facts, key=lambda fact: (fact.received_at, fact.id))
        effects = reconcile(before, after, revision, newest)
        head = self._successor(loaded, after, loaded.facts, history, revision, effects)
        etag = await self.conversations.commit(tenant_id, key, None, head, loaded.etag)
        return head, etag, len(loaded.facts)

    async def _append(self, tenant_id: str, key: str, fact: Fact) -> Fact:
        """The fact as it is stored: of a duplicate the first arrival counts, with the time that it was given."""
        try:
            await self.conversations.append(tenant_id, key, fact)
        except FactExists:
            stored = await self.conversations.read_fact(tenant_id, key, fact.id)
            if stored is None:
                # It was forgotten in between, and this is no duplicate any more.
                return await self._append(tenant_id, key, fact)
            _refuse_conflict(stored, fact)
            return stored
        return fact

    async def _settle(self, tenant_id: str, key: str, fact: Fact, history: History, *, new: bool) -> Recorded:
        """Commit until the head is what all its facts make it, then perform what that asks for.

        `new`: the fact was stored just now.
        """
        settled = False
        while not settled:
            done = await retrying(HeadChanged, self._commit, tenant_id, key, fact, history)
            settled, new = done.settled, new or done.created
        await self.outbox.perform(tenant_id, key, done.head, done.etag)
        if not new:
            return "duplicate"
        decided = (one for one in done.head.conversation.decisions if one.cause.fact_id == fact.id)
        return "without-effect" if any(one.outcome == "withoutEffect" for one in decided) else "recorded"

    async def _commit(self, tenant_id: str, key: str, fact: Fact, history: History) -> "_Committed":
        """Bring the head up to date with the stored facts and this one.

        A line that was appended meanwhile looked at the head as it was, and left. That was right unless the commit
        took away what the line relied on: then the facts are read once more. A line that saw no head did not leave.
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
        head = self._successor(loaded, after, facts, history, revision, effects)
        if stored is not None and loaded.head is not None and loaded.etag is not None and _unchanged(loaded.head, head):
            return _Committed(loaded.head, loaded.etag, settled=True, created=False)
        try:
            etag = await self.conversations.commit(tenant_id, key, None if stored else fact, head, loaded.etag)
        except FactExists as conflict:
            # Another delivery of this event came between; what it committed is read anew.
            raise HeadChanged from conflict
        if after.bot_session and not (before and before.bot_session):
            self.telemetry.metrics.count(SESSIONS)
        settled = loaded.head is None or not invalidates_appends(loaded.head.conversation, after)
        return _Committed(head, etag, settled, created=stored is None)

    def _successor(
        self,
        loaded: Loaded,
        after: Conversation,
        facts: Sequence[Fact],
        history: History,
        revision: int,
        effects: Mapping[str, Effect],
    ) -> Head:
        outbox = {**(loaded.head.outbox if loaded.head else {}), **effects}
        now = self.clock.now()
        archived = loaded.head.archived if loaded.head else 0
        due = due_actions(after, facts, archived, history, now)
        due_at = due.next_at(now)
        attention_at = now + LEFT_OVER_AFTER if outbox else due_at
        return Head(after, revision, outbox, attention_at, due_at, due.attention, archived)


def _refuse_conflict(stored: Fact | None, fact: Fact) -> None:
    if stored is not None and not stored.same_content(fact):
        raise EventIdConflict(fact.event.id)


def _unchanged(before: Head, after: Head) -> bool:
    """Whether a commit would change nothing; the last activity is exact on reading, and costs no commit.

    A line that comes after the end changes when to look at the conversation: it is to be archived, too, and nobody
    may forget the conversation without having seen it.
    """
    one, other = (head.conversation.replace(last_activity_at=None) for head in (before, after))
    return one == other and (other.closed_at is None or before.due_at == after.due_at)
