"""The ports of recording: the store of conversations (one partition per tenant and conversation), and effects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, Effect, Outbox, PendingEffect, at_revision, is_blocked
from shared.conversations.fact import Fact
from shared.conversations.lists import Selection
from shared.conversations.silence_policy import Attention
from shared.personal_data import Deleted, keeps
from shared.routing.decision import Decision
from shared.wire import ExactModel, replace


class Head(ExactModel):
    """A conversation as it was last committed.

    `revision` grows with each commit of a change. `outbox` holds the effects not yet performed, by their ids.
    `due_at` is when its due actions are checked again; None: there will be none. `attention` is what a supervisor
    should see as of the last check, such as `bot-silent`. `archived` is how many of its facts are in the archive.
    `customer` is our id of its customer.
    """

    conversation: Conversation
    revision: int
    outbox: dict[str, PendingEffect]
    due_at: datetime | None = None
    attention: Attention | None = None
    archived: int = 0
    customer: str | None = None

    @property
    def attention_at(self) -> datetime | None:
        """When `sweep` looks at it: its due actions or an effect are due. None if it need not be looked at."""
        moments = [self.due_at, *(each.next_at for each in self._unblocked().values())]
        return min((moment for moment in moments if moment), default=None)

    @property
    def unposted_month(self) -> str | None:
        """The earliest month (yyyy-mm) of a row that is still to be posted to the ledger; None if there is none."""
        effects = (pending.effect for pending in self.outbox.values())
        return min((one.total.period for one in effects if isinstance(one, Contribute)), default=None)

    def due_effects(self, now: datetime) -> dict[str, PendingEffect]:
        """The effects to be performed now: those that are due, and do not wait for another one."""
        return {name: pending for name, pending in self._unblocked().items() if pending.is_due(now)}

    def at_revision(self, revision: int, now: datetime) -> "Head":
        """This head with another revision, as its effects in the outbox have; each is due now, as a new one is."""
        outbox = {
            name: replace(pending, revision=revision, effect=raised, attempts=0, next_at=now)
            if (raised := at_revision(pending.effect, revision)) is not None
            else pending
            for name, pending in self.outbox.items()
        }
        return replace(self, revision=revision, outbox=outbox)

    def with_decisions(self, decisions: tuple[Decision, ...]) -> "Head":
        """This head with these decisions of its conversation in place of those that it has."""
        return replace(self, conversation=replace(self.conversation, decisions=decisions))

    def without(self, performed: Outbox) -> "Head":
        """This head without the performed effects. One that a later revision replaced meanwhile stays."""
        left = {name: pending for name, pending in self.outbox.items() if not _is_same(pending, performed.get(name))}
        return replace(self, outbox=left)

    def with_failed(self, failed: Outbox) -> "Head":
        """This head with the effects as their failed attempts left them, but for those that were replaced meanwhile."""
        after = {name: each for name, each in failed.items() if _is_same(each, self.outbox.get(name))}
        return replace(self, outbox={**self.outbox, **after})

    def _unblocked(self) -> dict[str, PendingEffect]:
        return {name: each for name, each in self.outbox.items() if not is_blocked(each, self.outbox)}


def _is_same(one: PendingEffect, other: PendingEffect | None) -> bool:
    """True if both are the effect of one id that the same revision of the head asked for."""
    return other is not None and one.revision == other.revision


@dataclass(frozen=True)
class Loaded:
    """One partition: the head with its ETag (both None before the first commit), and every fact."""

    head: Head | None
    etag: str | None
    facts: Sequence[Fact]


@dataclass(frozen=True)
class HeadPage:
    """Some heads in the list's order, and where the next page begins."""

    heads: Sequence[Head]
    continuation: str | None


@dataclass(frozen=True)
class Beside:
    """Another document of the conversation, by its name, which is written together with facts or not at all."""

    name: str
    text: str


class FactTime(NamedTuple):
    """When a fact counts, by which facts are sorted first; its id, and its event's type."""

    at: datetime
    fact_id: str
    type: str


class FactExists(Exception):
    """Raised when a fact's document exists: it is a duplicate, or another event of the same identity."""


@keeps(
    "what customers, agents and bots wrote, their names and native ids, bots' variables, what was decided from them",
    found_by="the conversation's key; a customer's conversations by our id of the customer in their heads",
    deleted=Deleted.WITH_ITS_CONVERSATION,
)
class ConversationStore(Protocol):
    """Reads see every write that returned before them, by whichever process."""

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        """The head with its decisions, and the facts. Without `decisions` a store may leave those out of the head."""
        ...

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        """The head without its decisions, and its ETag: at most one point read."""
        ...

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None: ...

    async def count(self, tenant_id: str, key: str) -> int:
        """How many facts are stored."""
        ...

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        """In one transaction create the facts' documents, and nothing else but the documents `beside` them.

        Raises FactExists if one of them is stored already.
        """
        ...

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        """In one transaction create the facts' documents, then create or replace head and decisions.

        Where the head holds only newer decisions, the older ones stay. Returns the head as it was stored, with its new
        ETag: a store that keeps what effects change as well may perform them in the same transaction, and take them out
        of the outbox. Raises FactExists, or HeadChanged where the head's ETag is not `etag` (None: there is no head).
        """
        ...

    async def read_beside(self, tenant_id: str, key: str, name: str) -> str | None:
        """The text of a document that was written beside facts."""
        ...

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        """Replace the head alone. Returns its new ETag. Raises HeadChanged."""
        ...

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        """Delete the conversation: its head at once, its facts and decisions at once or soon after.

        Raises HeadChanged. A conversation that is gone already is no error.
        """
        ...

    async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
        """Time and type of every fact, the earliest first, without reading what was said."""
        ...

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        """Those of these facts that are stored, in any order."""
        ...

    async def heads(self, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
        """A page of a list, which begins after a continuation of the same list; at most `limit` heads.

        A page may have fewer, or none, and a continuation nevertheless: its work is bounded, not only its size. A head
        that is written meanwhile may move, and then be missed, or be there twice. Raises InvalidRequest for an unknown
        continuation.
        """
        ...

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        """A page of the keys of all conversations that have a fact, in order; for rebuilding only."""
        ...

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Mapping[str, datetime]:
        """The attention_at of heads by their keys, where it is at or before `until`, oldest first."""
        ...

    async def unposted(self, tenant_id: str, until: str, limit: int) -> Sequence[str]:
        """Keys of heads whose unposted_month is this month (yyyy-mm) or an earlier one, the earliest first."""
        ...


Reconcile = Callable[[Conversation | None, Conversation, int, Fact], Mapping[str, Effect]]
"""Returns a change's effects by id. Takes the conversation before and after, its new revision, and the new fact."""


class EffectPerformer(Protocol):
    """Performs the effects in a head's outbox that are due, and clears them there. Performing them twice does no harm.

    An effect that fails raises nothing: it stays in the outbox, and is tried again.
    """

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        """Raises HeadChanged and StoreUnavailable if what was performed could not be noted in the head."""
        ...
