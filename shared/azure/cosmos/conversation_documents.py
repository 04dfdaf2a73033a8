"""The documents of one conversation: one for its head, one for each fact, one for each decision.

A decision's id is the hash of its content and of the id of the decision before it, which it names in `after`. The head
names its last decision. So the head does not grow with its decisions, a stored one is never written again, and one that
does not lead to the last counts as deleted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.azure.cosmos.container import Container, Document
from shared.azure.cosmos.keys import Partition
from shared.conversations.documents import read_decision, read_fact, read_head, write_decision, write_fact, write_head
from shared.conversations.fact import Fact
from shared.conversations.ports import Head, Loaded
from shared.errors import HeadChanged
from shared.routing.decision import Decision

HEAD = "head"
_FACT, _DECISION = "fact:", "decision:"


@dataclass(frozen=True)
class Stored:
    """The stored decisions beside a head with this ETag: its `last` one, and the ids of all that are `present`."""

    etag: str
    last: str | None
    present: frozenset[str]


@dataclass(frozen=True)
class StoredDecision:
    """A decision's document: its id, the id of the one before it, and its text."""

    id: str
    after: str | None
    text: str


def fact_document_id(fact_id: str) -> str:
    """The id of a fact's document."""
    return _FACT + fact_id


def stored_decisions(head: Head) -> list[StoredDecision]:
    """The documents of the head's decisions, in order."""
    found: list[StoredDecision] = []
    after: str | None = None
    for decision in head.conversation.decisions:
        text = write_decision(decision)
        found.append(StoredDecision(_DECISION + hashlib.sha256(f"{after} {text}".encode()).hexdigest(), after, text))
        after = found[-1].id
    return found


def sortable(moment: datetime) -> str:
    """A moment as text of fixed width, which sorts as moments do."""
    return moment.isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Writer:
    """Writes documents of one partition, which live for `ttl` seconds."""

    container: Container
    partition: Partition
    ttl: int

    def fact(self, fact: Fact) -> Document:
        return self._document(fact_document_id(fact.id), factOf=self.partition[-1], **write_fact(fact))

    def head(self, head: Head, last_decision: str | None) -> Document:
        """The head with the members that lists are filtered and sorted by."""
        conversation = head.conversation
        return self._document(
            HEAD,
            key=self.partition[-1],
            state=conversation.state,
            queue=conversation.queue,
            bot=conversation.bot,
            customer=head.customer,
            attentionAt=sortable(head.attention_at) if head.attention_at else None,
            lastDecision=last_decision,
            document=write_head(head),
        )

    def decision(self, decision: StoredDecision) -> Document:
        return self._document(decision.id, after=decision.after, document=decision.text)

    def _document(self, document_id: str, **members: object) -> Document:
        return self.container.document(self.partition, document_id, ttl=self.ttl, **members)


def fact_of(document: Document) -> Fact:
    """The fact that a document holds."""
    return read_fact(document["id"].removeprefix(_FACT), document["event"], document["at"], document["receivedAt"])


def loaded_from(documents: Sequence[Document]) -> tuple[Loaded, Stored | None]:
    """The content of a partition's documents. Raises HeadChanged if they are not of one moment."""
    facts = [fact_of(document) for document in documents if document["id"].startswith(_FACT)]
    head = next((document for document in documents if document["id"] == HEAD), None)
    if head is None:
        return Loaded(None, None, facts), None
    present = {document["id"]: document for document in documents if document["id"].startswith(_DECISION)}
    decisions: list[Decision] = []
    each = last = head.get("lastDecision")
    while each is not None:
        if each not in present:
            raise HeadChanged
        decisions.append(read_decision(present[each]["document"]))
        each = present[each].get("after")
    stored = Stored(head["_etag"], last, frozenset(present))
    return Loaded(read_head(head["document"], tuple(reversed(decisions))), head["_etag"], facts), stored
