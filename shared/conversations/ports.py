"""The ports of recording: the store of conversations (one partition per tenant and conversation), and effects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, Effect
from shared.conversations.fact import Fact
from shared.wire import ExactModel, replace


class Head(ExactModel):
    """A conversation as it was last committed.

    `revision` grows with each commit of a change. `outbox` holds the effects not yet performed.
    `attention_at` is when `sweep` checks it, or None if it need not be checked. `due_at` is that moment once the outbox
    is empty. `attention` is what a supervisor should see as of the last check, such as `bot-silent`. `archived` is how
    many of its facts are in the archive. `customer` is our id of its customer.
    """

    conversation: Conversation
    revision: int
    outbox: dict[str, Effect]
    attention_at: datetime | None
    due_at: datetime | None = None
    attention: str | None = None
    archived: int = 0
    customer: str | None = None

    def at_revision(self, revision: int) -> "Head":
        """This head with another revision, which its rows in the outbox have, too."""
        outbox = {
            name: replace(effect, row=replace(effect.row, revision=revision))
            if isinstance(effect, Contribute)
            else effect
            for name, effect in self.outbox.items()
        }
        return replace(self, revision=revision, outbox=outbox)

    def without(self, performed: Mapping[str, Effect]) -> "Head":
        """This head without the performed effects. An effect that was replaced meanwhile stays."""
        left = {name: effect for name, effect in self.outbox.items() if performed.get(name) != effect}
        return replace(self, outbox=left, attention_at=self.attention_at if left else self.due_at)


@dataclass(frozen=True)
class Loaded:
    """One partition: the head with its ETag (both None before the first commit), and every fact."""

    head: Head | None
    etag: str | None
    facts: Sequence[Fact]


@dataclass(frozen=True)
class HeadPage:
    """Some heads in order of conversation key, and where the next page begins."""

    heads: Sequence[Head]
    continuation: str | None


class FactExists(Exception):
    """Raised when the fact's document exists: it is a duplicate, or another event of the same identity."""


class ConversationStore(Protocol):
    """Reads see every write that returned before them, by whichever process."""

    async def load(self, tenant_id: str, key: str) -> Loaded:
        """The head with its decisions, and the facts."""
        ...

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        """The head without its decisions, and its ETag: one point read."""
        ...

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None: ...

    async def append(self, tenant_id: str, key: str, fact: Fact) -> None:
        """Create the fact's document and nothing else. Raises FactExists."""
        ...

    async def commit(self, tenant_id: str, key: str, fact: Fact | None, head: Head, etag: str | None) -> str:
        """In one transaction create the fact's document (if given), then create or replace head and decisions.

        Returns the head's new ETag. Raises FactExists, or HeadChanged where its ETag is not `etag` (None: no head).
        """
        ...

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        """Replace the head alone. Returns its new ETag. Raises HeadChanged."""
        ...

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        """Delete the conversation: its head at once, its facts and decisions at once or soon after.

        Raises HeadChanged. A conversation that is gone already is no error.
        """
        ...

    async def heads(self, tenant_id: str, filters: Mapping[str, str], after: str | None, limit: int) -> HeadPage:
        """A page of heads; `filters` may name state, queue, bot and customer."""
        ...

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        """A page of the keys of all conversations that have a fact, in order; for rebuilding only."""
        ...

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Sequence[str]:
        """Keys of heads whose attention_at is at or before `until`, oldest first."""
        ...


Reconcile = Callable[[Conversation | None, Conversation, int, Fact], Mapping[str, Effect]]
"""Returns a change's effects by id. Takes the conversation before and after, its new revision, and the new fact."""


class EffectPerformer(Protocol):
    """Performs the effects in a head's outbox, and clears them there. Performing them twice does no harm."""

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None: ...
