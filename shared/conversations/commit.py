"""Commits facts of one conversation, together with the head that they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.all_facts import of_all
from shared.conversations.blind_append import changes_head, invalidates_appends
from shared.conversations.conversation import Conversation
from shared.conversations.customer import customer_of
from shared.conversations.due_actions import DueActions, due_actions, next_check
from shared.conversations.effect import with_effects
from shared.conversations.fact import Fact
from shared.conversations.fold import ends_in_order, fold, follows, with_end, with_next
from shared.conversations.fullness import refuse_if_full
from shared.conversations.ports import ConversationStore, FactExists, Head, Loaded, Reconcile
from shared.errors import EventIdConflict, HeadChanged
from shared.events.types.conversation_started import ConversationStarted
from shared.metrics import SESSIONS
from shared.retry import retrying
from shared.telemetry import Telemetry
from shared.tenants.configurations import Configurations
from shared.tenants.history import History


@dataclass(frozen=True)
class Committed:
    """A head with its ETag that reflects the given facts. `new`: the ids of those that were stored now.

    `settled`: the head reflects all stored facts.
    """

    head: Head
    etag: str
    new: frozenset[str] = frozenset()
    settled: bool = True


@dataclass(frozen=True)
class _State:
    """The head that is to be replaced, with its ETag; both None if there is none."""

    head: Head | None
    etag: str | None

    @property
    def conversation(self) -> Conversation | None:
        return self.head.conversation if self.head else None

    @property
    def archived(self) -> int:
        return self.head.archived if self.head else 0

    @property
    def planned(self) -> DueActions | None:
        """What was planned when the head was committed."""
        return DueActions(check_at=self.head.due_at, attention=self.head.attention) if self.head else None

    @property
    def revision(self) -> int:
        """The revision of the next head."""
        return self.head.revision + 1 if self.head else 1


@dataclass(frozen=True)
class Committer:
    """Commits through its ports. Facts in order are folded into the head alone; for others all facts are loaded."""

    conversations: ConversationStore
    configurations: Configurations
    reconcile: Reconcile
    clock: Clock
    telemetry: Telemetry
    aside: Aside = field(default_factory=Aside)

    async def commit(self, tenant_id: str, key: str, facts: Sequence[Fact], history: History) -> Committed:
        """Store the facts, all or none of them, with a head that reflects them. No two of them have the same id.

        Raises EventIdConflict, ConversationFull, HeadChanged if other processes were faster for a minute, and, for
        several facts of which some are stored already, FactExists.
        """
        if not all(fact.event.changes_only_transcript for fact in facts):
            return await self._settle(tenant_id, key, facts, history)
        stored, new = await self._append(tenant_id, key, facts)
        found, now = await self.conversations.read_head(tenant_id, key), self.clock.now()
        changing = [fact for fact in stored if found is None or changes_head(found[0], fact, history, now)]
        if found is not None and not changing:
            return Committed(*found, new)
        settled = await self._settle(tenant_id, key, changing, history, appended=True)
        return replace(settled, new=settled.new | new)

    async def commit_anew(self, tenant_id: str, key: str, history: History) -> tuple[Head, str, int] | None:
        """Fold the stored facts, and commit the result over head and decisions; None if there is no fact.

        Returns head, ETag, and the number of facts. Raises HeadChanged.
        """
        loaded = await self.conversations.load(tenant_id, key)
        if not loaded.facts:
            return None
        after = fold(tenant_id, loaded.facts[0].event.subject or "", loaded.facts, history)
        state, now = _State(loaded.head, loaded.etag), self.clock.now()
        due = due_actions(after, loaded.facts, state.archived, history, now)
        head = await self._head(tenant_id, state, after, _newest(loaded.facts), due, now)
        return *await self.conversations.commit(tenant_id, key, (), head, loaded.etag), len(loaded.facts)

    async def _append(self, tenant_id: str, key: str, facts: Sequence[Fact]) -> tuple[Sequence[Fact], frozenset[str]]:
        """Store the facts. Returns the stored ones, and the ids of the new ones.

        For a duplicate the one that arrived first is returned, with its times.
        """
        try:
            await self.conversations.append(tenant_id, key, facts)
        except FactExists:
            if len(facts) > 1:
                raise
            known = await self.conversations.read_fact(tenant_id, key, facts[0].id)
            if known is None:
                # The conversation was deleted in between, so this is no duplicate any more.
                return await self._append(tenant_id, key, facts)
            _refuse_conflict(known, facts[0])
            return [known], frozenset()
        return facts, frozenset(fact.id for fact in facts)

    async def _settle(
        self, tenant_id: str, key: str, facts: Sequence[Fact], history: History, *, appended: bool = False
    ) -> Committed:
        """Commit until the head reflects all stored facts. `appended`: these are stored, and may be folded."""
        new = frozenset[str]()
        while True:
            committed = await retrying(HeadChanged, self._commit, tenant_id, key, facts, history, appended)
            new |= committed.new
            if committed.settled:
                return Committed(committed.head, committed.etag, new)

    async def _commit(
        self, tenant_id: str, key: str, facts: Sequence[Fact], history: History, appended: bool
    ) -> Committed:
        committed = await self._commit_next(tenant_id, key, facts, history, appended)
        return committed or await self._commit_whole(tenant_id, key, facts, history)

    async def _commit_next(
        self, tenant_id: str, key: str, facts: Sequence[Fact], history: History, appended: bool
    ) -> Committed | None:
        """Commit the head with these facts folded in, without loading the others; None if that takes all facts."""
        # A conversation usually begins with its start. If it has begun already, the store says so.
        begins = any(isinstance(fact.event, ConversationStarted) for fact in facts) and not appended
        if not begins and any(fact.event.looks_back for fact in facts):
            return None
        found = None if begins else await self.conversations.read_head(tenant_id, key)
        state = _State(*found) if found else _State(None, None)
        after = _next(tenant_id, state.conversation, facts, history)
        # Without a head what was appended may be deleted by now: whoever forgot the conversation did not know of it.
        if after is None or (appended and found is None):
            return None
        unstored, now = () if appended else facts, self.clock.now()
        due = next_check(after, facts, state.planned, history, now)
        head = await self._head(tenant_id, state, after, _newest(facts), due, now)
        if found and not unstored and _unchanged(found[0], head):
            return Committed(*found)
        try:
            return await self._write(tenant_id, key, unstored, state, head)
        except FactExists:
            return await self._duplicate(tenant_id, key, facts)
        except HeadChanged:
            return None

    async def _duplicate(self, tenant_id: str, key: str, facts: Sequence[Fact]) -> Committed | None:
        """The head, if it is clear without the other facts that it reflects a fact that is stored; else None."""
        if len(facts) > 1:
            return None
        known = await self.conversations.read_fact(tenant_id, key, facts[0].id)
        found = await self.conversations.read_head(tenant_id, key)
        if known is None or found is None:
            return None
        _refuse_conflict(known, facts[0])
        folded_to = found[0].conversation.folded_to
        return Committed(*found) if folded_to is not None and known.order <= folded_to else None

    async def commit_on(
        self, tenant_id: str, key: str, loaded: Loaded, facts: Sequence[Fact], history: History
    ) -> Committed:
        """Commit facts that follow from what was loaded, on nothing else than that.

        Raises HeadChanged if the head is another one by now.
        """
        committed = await self._commit_loaded(tenant_id, key, loaded, facts, history)
        if committed.settled:
            return committed
        settled = await self._settle(tenant_id, key, facts, history)
        return replace(settled, new=committed.new)

    async def _commit_whole(self, tenant_id: str, key: str, facts: Sequence[Fact], history: History) -> Committed:
        loaded = await self.conversations.load(tenant_id, key, decisions=False)
        return await self._commit_loaded(tenant_id, key, loaded, facts, history)

    async def _commit_loaded(
        self, tenant_id: str, key: str, loaded: Loaded, facts: Sequence[Fact], history: History
    ) -> Committed:
        """Commit the head folded from the stored facts and these.

        A line may have been only appended meanwhile, because of the head before. If this commit takes away what that
        line relied on, `settled` is False, and the caller commits again. Without a head, no line is only appended.
        """
        state = _State(loaded.head, loaded.etag)
        known = {fact.id: fact for fact in loaded.facts}
        for fact in facts:
            _refuse_conflict(known.get(fact.id), fact)
        unstored = [fact for fact in facts if fact.id not in known]
        refuse_if_full(unstored, len(loaded.facts))
        every = [*loaded.facts, *unstored]
        # What was stored before may not be folded, where a crash left it.
        new = unstored if len(unstored) == len(facts) else []
        after = await of_all(self.aside, every, _whole, tenant_id, state.conversation, new, every, history)
        newest, now = _newest(unstored) if unstored else known[facts[0].id], self.clock.now()
        due = await of_all(self.aside, every, due_actions, after, every, state.archived, history, now)
        head = await self._head(tenant_id, state, after, newest, due, now)
        if not unstored and (stored := await self._stored_as(tenant_id, key, loaded, head)):
            return stored
        try:
            committed = await self._write(tenant_id, key, unstored, state, head)
        except FactExists as conflict:
            # Another delivery of this event was faster. Its commit is loaded with the next try.
            raise HeadChanged from conflict
        settled = (
            state.conversation is None
            or not invalidates_appends(state.conversation, after)
            or await self.conversations.count(tenant_id, key) == len(every)
        )
        return Committed(committed.head, committed.etag, committed.new, settled)

    async def _stored_as(self, tenant_id: str, key: str, loaded: Loaded, head: Head) -> Committed | None:
        """The loaded head, if this one, which no new fact led to, is the same with all its decisions; else None."""
        if loaded.head and not loaded.head.conversation.has_all_decisions:
            loaded = await self.conversations.load(tenant_id, key)
        if loaded.head is None or loaded.etag is None or not _unchanged(loaded.head, head):
            return None
        return Committed(loaded.head, loaded.etag)

    async def _write(self, tenant_id: str, key: str, unstored: Sequence[Fact], state: _State, head: Head) -> Committed:
        written, etag = await self.conversations.commit(tenant_id, key, unstored, head, state.etag)
        before = state.conversation
        if head.conversation.bot_activity.invocations and not (before and before.bot_activity.invocations):
            self.telemetry.metrics.count(SESSIONS)
        return Committed(written, etag, frozenset(fact.id for fact in unstored))

    async def _customer(self, tenant_id: str, state: _State, after: Conversation) -> str | None:
        """Our id of the conversation's customer, who rarely changes."""
        before = state.conversation
        if state.head and before and (before.channel, before.customer) == (after.channel, after.customer):
            return state.head.customer
        return customer_of(await self.configurations.pseudonyms(tenant_id), after)

    async def _head(
        self,
        tenant_id: str,
        state: _State,
        after: Conversation,
        occasion: Fact,
        due: DueActions,
        now: datetime,
    ) -> Head:
        """The next head. `occasion` is the fact that stands for all whose recording made the change."""
        effects = self.reconcile(state.conversation, after, state.revision, occasion)
        return Head(
            conversation=after,
            revision=state.revision,
            outbox=with_effects(state.head.outbox if state.head else {}, effects, state.revision, now),
            due_at=due.next_at(now),
            attention=due.attention,
            archived=state.archived,
            customer=await self._customer(tenant_id, state, after),
        )


def _next(
    tenant_id: str, conversation: Conversation | None, facts: Sequence[Fact], history: History
) -> Conversation | None:
    """The conversation with these facts folded in; None if other facts must be known for that."""
    if conversation is None:
        return fold(tenant_id, facts[0].event.subject or "", facts, history)
    for fact in sorted(facts, key=lambda each: each.order):
        if not follows(conversation, fact, history):
            return None
        conversation = with_next(conversation, fact, history)
    return conversation


def _whole(
    tenant_id: str, conversation: Conversation | None, new: Sequence[Fact], every: Sequence[Fact], history: History
) -> Conversation:
    """The conversation with every fact folded in, the `new` ones, too."""
    ordered = sorted(new, key=lambda fact: fact.order)
    if conversation is not None and ordered and ends_in_order(conversation, ordered, history):
        return with_end(conversation, ordered, every, history)
    return fold(tenant_id, every[0].event.subject or "", every, history)


def _newest(facts: Sequence[Fact]) -> Fact:
    """The fact that came last, which stands for all of them as the occasion of a change."""
    return max(facts, key=lambda fact: (fact.received_at, fact.id))


def _refuse_conflict(stored: Fact | None, fact: Fact) -> None:
    if stored is not None and not stored.same_content(fact):
        raise EventIdConflict(fact.event.id)


def _unchanged(before: Head, after: Head) -> bool:
    """True if a commit would change at most what any line may change, which is worth no commit while it is open.

    It is worth one if the conversation must be checked earlier than planned.

    A line that comes after the end is folded. It changes `due_at`: the line must be archived too, before the
    conversation is forgotten.
    """
    one, other = before.conversation, after.conversation
    if before.attention != after.attention or one.without_lines() != other.without_lines():
        return False
    exact = (before.due_at, one.folded_to, one.bot_activity.turns) == (
        after.due_at,
        other.folded_to,
        other.bot_activity.turns,
    )
    if other.closed_at is not None:
        return exact
    return after.due_at is None or (before.due_at is not None and before.due_at <= after.due_at)
