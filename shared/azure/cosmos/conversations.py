"""The conversations' store on Cosmos DB: one partition per tenant and conversation.

| method | requests |
|---|---|
| `load` | one query in the partition; of an archived conversation its archive, too |
| `read_head`, `read_fact`, `read_beside` | a point read; a fact that expired comes from the archive |
| `count` | one query in the partition; of an archived conversation as `load` |
| `append` | a create; of several facts a transactional batch |
| `commit` | a transactional batch: facts, head, and the decisions that are new or gone |
| `save_head`, `delete` | a replace, a delete |
| `heads`, `keys`, `due`, `unposted` | one query below the tenant |

A write that is repeated after a lost answer finds its own document. It raises FactExists or HeadChanged, as if another
process had been faster, and its caller reads anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.conversation_documents import (
    BEHIND_FACTS,
    BESIDE,
    FACTS,
    HEAD,
    LISTED_IN_HEAD,
    Stored,
    Writer,
    archived_in,
    decision_texts,
    fact_document_id,
    fact_of,
    listed_in,
    loaded_from,
    sortable,
    time_of,
    with_archived,
)
from shared.azure.cosmos.conversation_lists import heads_query, page_of
from shared.azure.cosmos.expiry import Retention, time_of_a_fact, time_to_live
from shared.azure.cosmos.failures import CONFLICT, MISSING, OperationFailed
from shared.azure.cosmos.keys import Partition
from shared.bounded_cache import BoundedCache
from shared.conversations.conversation import Conversation
from shared.conversations.documents import read_head
from shared.conversations.fact import Fact
from shared.conversations.lists import Selection
from shared.conversations.ports import Beside, FactExists, FactTime, Head, HeadPage, Loaded
from shared.effects.archive import Archive, archived_facts
from shared.errors import ArchiveUnavailable, HeadChanged
from shared.retry import retrying

_ALL = "SELECT * FROM c"
_BATCH = 100
"""The most operations in a transactional batch."""


class CosmosConversations:
    """Implements `ConversationStore`. Facts and decisions of a deleted conversation expire.

    Facts expire before their conversation is deleted. By then it is archived, so they are read from the archive.
    """

    def __init__(self, container: Container, retention: Retention, archive: Archive) -> None:
        self._container = container
        self._retention = retention
        self._archive = archive
        self._stored: BoundedCache[Partition, Stored] = BoundedCache()

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        return await retrying(HeadChanged, self._load_whole, tenant_id, key)

    async def _load_whole(self, tenant_id: str, key: str) -> Loaded:
        loaded, count = await self._load((tenant_id, key))
        if loaded.head is None or loaded.etag is None or count == 0:
            return loaded
        archived = await self._archived(tenant_id, key)
        facts = with_archived(loaded.facts, archived)
        if len(facts) >= count:
            return replace(loaded, facts=facts)
        if loaded.head.archived == 0 and not archived:
            # It was being forgotten, and only its head is left.
            await self.delete(tenant_id, key, loaded.etag)
            return Loaded(None, None, loaded.facts)
        # The result of some of the facts would be a wrong one, also on the bill.
        raise ArchiveUnavailable

    async def _load(self, partition: Partition) -> tuple[Loaded, int]:
        """What is stored, and the most facts that the archive ever had."""
        pages = await self._container.query_pages("load", partition, _ALL)
        documents = pages[0] if len(pages) == 1 else await self._load_in_parts(partition) if pages else []
        loaded, stored = loaded_from(documents)
        self._remember(partition, stored)
        return loaded, stored.archived if stored else 0

    async def _load_in_parts(self, partition: Partition) -> Sequence[Document]:
        """The documents of a partition that takes several answers, each of another moment.

        Raises HeadChanged if the head was written meanwhile: it would not be the head of the facts that were read
        before.
        """
        before = await self._container.read("load", partition, HEAD)
        documents = await self._container.query("load", partition, _ALL)
        after = await self._container.read("load", partition, HEAD)
        if before != after:
            raise HeadChanged
        return documents

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        document = await self._container.read("read_head", (tenant_id, key), HEAD)
        if document is None:
            return None
        etag, listed = document["_etag"], listed_in(document)
        known = self._stored.get((tenant_id, key))
        if known is None or known.etag != etag:
            self._remember((tenant_id, key), Stored(etag, listed, frozenset(listed or ()), archived_in(document)))
        return read_head(document["document"]), etag

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        document = await self._container.read("read_fact", (tenant_id, key), fact_document_id(fact_id))
        if document is not None:
            return fact_of(document)
        return next((fact for fact in await self._archived(tenant_id, key) if fact.id == fact_id), None)

    async def _archived(self, tenant_id: str, key: str) -> list[Fact]:
        return [fact for part in await self._archive.parts(tenant_id, key) for fact in archived_facts(part)]

    async def count(self, tenant_id: str, key: str) -> int:
        known = self._stored.get((tenant_id, key))
        if known is None or known.archived:
            # Only with the archive is it clear which facts are stored no more.
            return len((await self.load(tenant_id, key)).facts)
        sql = "SELECT VALUE COUNT(1) FROM c WHERE c.id >= @first AND c.id < @last"
        return sum(await self._container.query("count", (tenant_id, key), sql, first=FACTS, last=BEHIND_FACTS))

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        writer = await self._writer((tenant_id, key))
        partition, documents = writer.partition, [writer.fact(fact) for fact in facts]
        try:
            if len(documents) == 1 and not beside:
                await self._container.create("append", partition, documents[0])
            else:
                creates: list[Operation] = [("create", (document,), {}) for document in documents]
                await self._container.batch("append", partition, [*creates, *writer.beside(beside)])
        except OperationFailed as taken:
            raise FactExists from taken

    async def read_beside(self, tenant_id: str, key: str, name: str) -> str | None:
        document = await self._container.read("read_beside", (tenant_id, key), BESIDE + name)
        return str(document["document"]) if document else None

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        writer = await self._writer((tenant_id, key))
        partition = writer.partition
        known, older = await self._older_decisions(partition, head.conversation, etag)
        texts = decision_texts(head)
        listed = (*older, *(document_id for document_id, _ in texts))
        present, archived = known.present, max(known.archived, head.archived)
        document = writer.head(head, listed, archived)
        first: list[Operation] = [("create", (writer.fact(fact),), {}) for fact in facts]
        if len(listed) > LISTED_IN_HEAD and listed != known.listed:
            first.append(("upsert", (writer.decision_list(listed),), {}))
        first.append(("create", (document,), {}) if etag is None else ("replace", (HEAD, document), _matching(etag)))
        place_of_head = len(first) - 1
        first += writer.beside(beside)
        new: list[Operation] = [
            ("upsert", (writer.decision(each, text),), {}) for each, text in dict(texts).items() if each not in present
        ]
        unlisted: list[Operation] = [("delete", (each,), {}) for each in sorted(present.difference(listed))]
        # Decisions may be stored before the head that lists them.
        while len(first) + len(new) > _BATCH:
            early, new = new[:_BATCH], new[_BATCH:]
            await self._container.batch("commit", partition, early)
        operations = [*first, *new, *unlisted][:_BATCH]
        try:
            etags = await self._container.batch("commit", partition, operations)
        except OperationFailed as failed:
            self._stored.discard(partition)
            if failed.index < len(facts) and failed.status == CONFLICT:
                raise FactExists from failed
            # The head changed, or a decision expired.
            raise HeadChanged from failed
        undeleted = unlisted[len(operations) - len(first) - len(new) :]
        still_present = frozenset(listed).union(operation[1][0] for operation in undeleted)
        written = etags[place_of_head]
        self._remember(partition, Stored(written, listed, still_present, archived))
        return head, written

    async def _older_decisions(
        self, partition: Partition, conversation: Conversation, etag: str | None
    ) -> tuple[Stored, tuple[str, ...]]:
        """What is stored beside the head with this ETag, and the ids of the decisions that `conversation` lacks.

        Raises HeadChanged if there is another head by now.
        """
        older = conversation.decision_count - len(conversation.decisions)
        known = self._stored.get(partition)
        if older and (known is None or known.etag != etag or known.listed is None):
            await self._load(partition)
            known = self._stored.get(partition)
            if known is None or known.etag != etag:
                raise HeadChanged
        if known is None or known.etag != etag:
            return Stored("", None, frozenset(), 0), ()
        return known, (known.listed or ())[:older]

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        writer = await self._writer((tenant_id, key))
        stored = self._stored.get(writer.partition)
        if stored is None or stored.etag != etag:
            await self._load(writer.partition)
            stored = self._stored.get(writer.partition)
        if stored is None or stored.etag != etag:
            raise HeadChanged
        archived = max(stored.archived, head.archived)
        document = writer.head(head, stored.listed, archived)
        try:
            replaced = await self._container.replace("save_head", writer.partition, document, etag)
        except OperationFailed as failed:
            self._stored.discard(writer.partition)
            raise HeadChanged from failed
        self._remember(writer.partition, Stored(replaced, stored.listed, stored.present, archived))
        return replaced

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        self._stored.discard((tenant_id, key))
        try:
            await self._container.delete("delete", (tenant_id, key), HEAD, etag)
        except OperationFailed as failed:
            if failed.status != MISSING:
                raise HeadChanged from failed

    async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
        if await self._is_archived(tenant_id, key):
            facts = (await self.load(tenant_id, key)).facts
            return sorted(FactTime(fact.at, fact.id, fact.event.type) for fact in facts)
        # Facts alone have a time of their own.
        sql = "SELECT c.id, c.at, c.type FROM c WHERE IS_DEFINED(c.at)"
        found = await self._container.query("fact_times", (tenant_id, key), sql)
        return sorted(time_of(each) for each in found)

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        if await self._is_archived(tenant_id, key):
            wanted = set(fact_ids)
            return [fact for fact in (await self.load(tenant_id, key)).facts if fact.id in wanted]
        ids = [fact_document_id(each) for each in fact_ids]
        sql = "SELECT * FROM c WHERE ARRAY_CONTAINS(@ids, c.id)"
        return [fact_of(each) for each in await self._container.query("read_facts", (tenant_id, key), sql, ids=ids)]

    async def _is_archived(self, tenant_id: str, key: str) -> bool:
        """True if the archive may have facts that are not stored any more."""
        document = await self._container.read("read_head", (tenant_id, key), HEAD)
        return document is not None and archived_in(document) > 0

    async def heads(self, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
        sql, parameters = heads_query(tenant_id, selection, after, limit)
        return page_of(await self._container.query("heads", (tenant_id,), sql, **parameters), selection, limit)

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        found = await self._container.query(
            "keys",
            (tenant_id,),
            f"SELECT DISTINCT TOP {limit} VALUE c.conversationKey FROM c"  # noqa: S608  # a number
            " WHERE c.tenantId = @tenant AND c.conversationKey > @after"
            # The facts of an archived conversation may have expired.
            " AND (c.id = @head OR (c.id >= @first AND c.id < @last))"
            " ORDER BY c.conversationKey",
            tenant=tenant_id,
            head=HEAD,
            first=FACTS,
            last=BEHIND_FACTS,
            after=after or "",
        )
        return sorted(set(found))[:limit]

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Mapping[str, datetime]:
        documents = await self._container.query(
            "due",
            (tenant_id,),
            f"SELECT TOP {limit} c.key, c.attentionAt FROM c"  # noqa: S608  # a number
            " WHERE c.tenantId = @tenant AND c.attentionAt <= @until ORDER BY c.attentionAt",
            tenant=tenant_id,
            until=sortable(until),
        )
        documents.sort(key=lambda each: str(each["attentionAt"]))
        return {_key(each): datetime.fromisoformat(each["attentionAt"]) for each in documents[:limit]}

    async def unposted(self, tenant_id: str, until: str, limit: int) -> Sequence[str]:
        documents = await self._container.query(
            "unposted",
            (tenant_id,),
            f"SELECT TOP {limit} c.key, c.unpostedMonth FROM c"  # noqa: S608  # a number
            " WHERE c.tenantId = @tenant AND c.unpostedMonth <= @until ORDER BY c.unpostedMonth",
            tenant=tenant_id,
            until=until,
        )
        documents.sort(key=lambda each: str(each["unpostedMonth"]))
        return [_key(each) for each in documents[:limit]]

    async def _writer(self, partition: Partition) -> Writer:
        ttl, fact_ttl = [await time(self._retention, partition[0]) for time in (time_to_live, time_of_a_fact)]
        return Writer(self._container, partition, ttl, fact_ttl)

    def _remember(self, partition: Partition, stored: Stored | None) -> None:
        if stored is None:
            self._stored.discard(partition)
        else:
            self._stored.put(partition, stored)


def _key(document: Document) -> str:
    return str(document["key"])


def _matching(etag: str) -> dict[str, str]:
    return {"if_match_etag": etag}
