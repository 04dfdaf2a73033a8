"""Archives an ended conversation, and deletes it everywhere when its retention is over."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.all_facts import of_all
from shared.conversations.contents import Contents
from shared.conversations.documents import read_archived_fact, write_archived_fact
from shared.conversations.extent import extent_of
from shared.conversations.fact import Fact
from shared.conversations.order import in_order
from shared.conversations.ports import ConversationStore, Head
from shared.conversations.retention import next_step
from shared.conversations.traces import traced_decisions
from shared.conversations.transcript import transcript
from shared.effects.forgotten import ForgottenContents
from shared.effects.reconcile import ledger_row
from shared.events.envelope import format_time
from shared.personal_data import Deleted, keeps
from shared.retry import retrying
from shared.tenants.history import History
from shared.threads.resolve import Threads
from shared.usage.bot_session import invoiced_conversation
from shared.wire import replace


class PartExists(Exception):
    """Raised when a part of this number is archived already."""


@keeps(
    "a conversation whole, as a document",
    found_by="the conversation's key",
    deleted=Deleted.WITH_ITS_CONVERSATION,
)
class Archive(Protocol):
    """Keeps ended conversations as JSON documents: part 0 is the whole conversation, each later one an addendum.

    Every method may raise ArchiveUnavailable.
    """

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        """Write the part, which never changes any more. It is durable when this returns. Raises PartExists."""
        ...

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        """Every part in order; empty if the conversation was never archived."""
        ...

    async def delete(self, tenant_id: str, key: str) -> None:
        """Delete every part. Does nothing if there is none."""
        ...


@dataclass(frozen=True)
class Archiver:
    """Writes conversations to the archive, and forgets them everywhere. Doing either twice does no harm."""

    conversations: ConversationStore
    archive: Archive
    contents: Contents
    threads: Threads
    forgotten: ForgottenContents
    clock: Clock
    aside: Aside = field(default_factory=Aside)

    async def keep(self, tenant_id: str, head: Head, facts: Sequence[Fact], history: History) -> Head:
        """Archive the facts that the archive lacks, as the next part.

        Returns the head with `archived` updated, and with its turns, which lines that came after the end have changed.
        """
        kept = await of_all(self.aside, facts, _kept, head, facts, history)
        await retrying(PartExists, self._add_part, tenant_id, kept, facts, history)
        return kept

    async def _add_part(self, tenant_id: str, head: Head, facts: Sequence[Fact], history: History) -> None:
        """Raises PartExists if another process archived the conversation meanwhile."""
        key = head.conversation.key
        parts = await self.archive.parts(tenant_id, key)
        new, gone = await of_all(self.aside, facts, _compared, facts, parts)
        if gone and self.clock.now() >= next_step(gone, len(gone), history.retention)[1]:
            # Two checks at once may leave a part of a conversation that was forgotten, and a line that came then has
            # begun it anew. What is in the archive alone, and older than the retention, goes with all its parts.
            await self.archive.delete(tenant_id, key)
            parts, new = (), facts
        if new:
            restored, at = await self.contents.restored(tenant_id, key, facts), format_time(self.clock.now())
            part = await of_all(self.aside, facts, _part, head, restored, new, history, len(parts), at)
            await self.archive.add(tenant_id, key, len(parts), part)

    async def forget(self, tenant_id: str, head: Head, etag: str, facts: Sequence[Fact]) -> None:
        """Delete the conversation from the archive, its thread, the store and the overflow; the ledger keeps its row.

        Raises HeadChanged if the conversation changed meanwhile.
        """
        key, channel = head.conversation.key, head.conversation.channel
        # A fact that comes in between then has the whole conversation archived again.
        etag = await self.conversations.save_head(tenant_id, key, replace(head, archived=0), etag)
        # From here on a crash may leave nobody who knows the facts, and with them the contents.
        note = await self.forgotten.note(tenant_id, key, facts)
        await self.archive.delete(tenant_id, key)
        if channel is not None and channel.thread_id is not None:
            await self.threads.forget(tenant_id, channel, head.conversation.conversation_id)
        await self.conversations.delete(tenant_id, key, etag)
        if note is not None:
            await self.forgotten.delete(tenant_id, note)


def _kept(head: Head, facts: Sequence[Fact], history: History) -> Head:
    """The head of a conversation all of whose facts are archived."""
    activity = head.conversation.bot_activity.with_turns(extent_of(facts).own, history)
    return replace(head, conversation=replace(head.conversation, bot_activity=activity), archived=len(facts))


def _compared(facts: Sequence[Fact], parts: Sequence[bytes]) -> tuple[Sequence[Fact], list[Fact]]:
    """The facts that no part has, and those that the parts alone have.

    Where a database was lost, the tenant has another secret, so its facts have other ids than in the archive.
    """
    stored = {(fact.event.source, fact.event.id): fact for fact in facts}
    archived = {
        (document["event"]["source"], document["event"]["id"]): document
        for part in parts
        for document in json.loads(part)["facts"]
    }
    new = [fact for name, fact in stored.items() if name not in archived]
    return new, [read_archived_fact(document) for name, document in archived.items() if name not in stored]


def _part(head: Head, restored: Sequence[Fact], new: Sequence[Fact], history: History, part: int, at: str) -> bytes:
    """A part as it is written: the conversation with all its facts as they were sent, and those that are `new`."""
    row = ledger_row(head.conversation, head.revision)
    members: dict[str, Any] = {
        "part": part,
        "archivedAt": at,
        "conversation": invoiced_conversation(head),
        "evidence": row.model_dump(mode="json", by_alias=True) if row else None,
    }
    decisions = traced_decisions(head.conversation.decisions, restored, history)
    lists: dict[str, Iterable[Any]] = {
        "decisions": (decision.document() for decision in decisions),
        "transcript": (entry.model_dump(mode="json", by_alias=True) for entry in transcript(restored, "agent")),
        "facts": map(write_archived_fact, in_order(new)),
    }
    return _written(members, lists)


def _written(members: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]) -> bytes:
    """An object with these members, and then these lists, as JSON.

    Item by item: one call of the encoder for all would keep the interpreter, and with it the event loop, until its end.
    """
    document, separator = BytesIO(), b"{"
    for name, value in members.items():
        document.write(separator + _json(name) + b": " + _json(value))
        separator = b", "
    for name, items in lists.items():
        document.write(separator + _json(name) + b": [")
        separator = b""
        for item in items:
            document.write(separator + _json(item))
            separator = b", "
        document.write(b"]")
        separator = b", "
    document.write(b"}")
    return document.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def archived_facts(part: bytes) -> list[Fact]:
    """The facts that this part added. The head and the ledger row can be rebuilt from the facts of all parts."""
    return [read_archived_fact(document) for document in json.loads(part)["facts"]]
