"""The conversations' store on Cosmos DB: one partition per tenant and conversation.

| method | requests |
|---|---|
| `load` | one query in the partition |
| `read_head`, `read_fact`, `read_beside` | a point read |
| `count` | one query in the partition |
| `append` | a create; of several facts a transactional batch |
| `commit` | a transactional batch: facts, head, and the decisions that are new or gone |
| `save_head`, `delete` | a replace, a delete |
| `heads`, `keys`, `due`, `unposted` | one query below the tenant |

A write that is repeated after a lost answer finds its own document. It raises FactExists or HeadChanged, as if another
process had been faster, and its caller reads anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.azure.cosmos.bounded_cache import BoundedCache
from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.conversation_documents import (
    BESIDE,
    HEAD,
    LISTED_IN_HEAD,
    Stored,
    Writer,
    decision_texts,
    fact_document_id,
    fact_of,
    listed_in,
    loaded_from,
    sortable,
    time_of,
)
from shared.azure.cosmos.conversation_lists import heads_query, page_of
from shared.azure.cosmos.expiry import Retention, time_to_live
from shared.azure.cosmos.failures import CONFLICT, MISSING, OperationFailed
from shared.azure.cosmos.keys import Partition
from shared.conversations.conversation import Conversation
from shared.conversations.documents import read_head
from shared.conversations.fact import Fact
from shared.conversations.lists import Selection
from shared.conversations.ports import Beside, FactExists, FactTime, Head, HeadPage, Loaded
from shared.errors import HeadChanged
from shared.retry import retrying

_ALL = "SELECT * FROM c"
_BATCH = 100
"""The most operations in a transactional batch."""


class CosmosConversations:
    """Implements `ConversationStore`. Facts and decisions of a deleted conversation expire."""

    def __init__(self, container: Container, retention: Retention) -> None:
        self._container = container
        self._retention = retention
        self._stored: BoundedCache[Partition, Stored] = BoundedCache()

    async def load(self, tenant_id: str, key: str) -> Loaded:
        return await retrying(HeadChanged, self._load, (tenant_id, key))

    async def _load(self, partition: Partition) -> Loaded:
        pages = await self._container.query_pages("load", partition, _ALL)
        documents = pages[0] if len(pages) == 1 else await self._load_in_parts(partition) if pages else []
        loaded, stored = loaded_from(documents)
        self._remember(partition, stored)
        return loaded

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
            self._remember((tenant_id, key), Stored(etag, listed, frozenset(listed or ())))
        return read_head(document["document"]), etag

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        document = await self._container.read("read_fact", (tenant_id, key), fact_document_id(fact_id))
        return fact_of(document) if document else None

    async def count(self, tenant_id: str, key: str) -> int:
        sql = "SELECT VALUE COUNT(1) FROM c WHERE IS_DEFINED(c.factOf)"
        return sum(await self._container.query("count", (tenant_id, key), sql))

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
        present, document = known.present, writer.head(head, listed)
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
        self._remember(partition, Stored(written, listed, still_present))
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
            return Stored("", None, frozenset()), ()
        return known, (known.listed or ())[:older]

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        writer = await self._writer((tenant_id, key))
        stored = self._stored.get(writer.partition)
        if stored is None or stored.etag != etag:
            await self._load(writer.partition)
            stored = self._stored.get(writer.partition)
        if stored is None or stored.etag != etag:
            raise HeadChanged
        document = writer.head(head, stored.listed)
        try:
            replaced = await self._container.replace("save_head", writer.partition, document, etag)
        except OperationFailed as failed:
            self._stored.discard(writer.partition)
            raise HeadChanged from failed
        self._remember(writer.partition, Stored(replaced, stored.listed, stored.present))
        return replaced

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        self._stored.discard((tenant_id, key))
        try:
            await self._container.delete("delete", (tenant_id, key), HEAD, etag)
        except OperationFailed as failed:
            if failed.status != MISSING:
                raise HeadChanged from failed

    async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
        # Facts alone have a time of their own.
        sql = "SELECT c.id, c.at, c.type FROM c WHERE IS_DEFINED(c.at)"
        found = await self._container.query("fact_times", (tenant_id, key), sql)
        return sorted(time_of(each) for each in found)

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        ids = [fact_document_id(each) for each in fact_ids]
        sql = "SELECT * FROM c WHERE ARRAY_CONTAINS(@ids, c.id)"
        return [fact_of(each) for each in await self._container.query("read_facts", (tenant_id, key), sql, ids=ids)]

    async def heads(self, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
        sql, parameters = heads_query(selection, after, limit)
        return page_of(await self._container.query("heads", (tenant_id,), sql, **parameters), selection, limit)

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        found = await self._container.query(
            "keys",
            (tenant_id,),
            f"SELECT DISTINCT TOP {limit} VALUE c.factOf FROM c WHERE c.factOf > @after ORDER BY c.factOf",  # noqa: S608  # a number
            after=after or "",
        )
        return sorted(set(found))[:limit]

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Mapping[str, datetime]:
        documents = await self._container.query(
            "due",
            (tenant_id,),
            f"SELECT TOP {limit} c.key, c.attentionAt FROM c WHERE c.attentionAt <= @until ORDER BY c.attentionAt",  # noqa: S608  # a number
            until=sortable(until),
        )
        documents.sort(key=lambda each: str(each["attentionAt"]))
        return {_key(each): datetime.fromisoformat(each["attentionAt"]) for each in documents[:limit]}

    async def unposted(self, tenant_id: str, until: str, limit: int) -> Sequence[str]:
        documents = await self._container.query(
            "unposted",
            (tenant_id,),
            f"SELECT TOP {limit} c.key, c.unpostedMonth FROM c"  # noqa: S608  # a number
            " WHERE c.unpostedMonth <= @until ORDER BY c.unpostedMonth",
            until=until,
        )
        documents.sort(key=lambda each: str(each["unpostedMonth"]))
        return [_key(each) for each in documents[:limit]]

    async def _writer(self, partition: Partition) -> Writer:
        return Writer(self._container, partition, await time_to_live(self._retention, partition[0]))

    def _remember(self, partition: Partition, stored: Stored | None) -> None:
        if stored is None:
            self._stored.discard(partition)
        else:
            self._stored.put(partition, stored)


def _key(document: Document) -> str:
    return str(document["key"])


def _matching(etag: str) -> dict[str, str]:
    return {"if_match_etag": etag}
