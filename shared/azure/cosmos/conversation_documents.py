"""The documents of one conversation: one for its head, one for each fact, one for each decision.

A decision's id is the hash of its content, and the head lists the ids of its decisions in order. So a stored decision
is never written again, and one that is not listed counts as deleted. A list of more than `LISTED_IN_HEAD` ids is a
document of its own, so that the head does not grow.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.keys import Partition
from shared.conversations.documents import read_decision, read_fact, read_head, write_decision, write_fact, write_head
from shared.conversations.fact import Fact
from shared.conversations.lists import Listed, listed
from shared.conversations.ports import Beside, FactTime, Head, Loaded
from shared.errors import HeadChanged

HEAD = "head"
LIST = "decisions"
LISTED_IN_HEAD = 20
"""The most ids of decisions that a head lists itself; few conversations have more than three decisions."""
FACTS, BEHIND_FACTS = "fact:", "fact;"
"""What the ids of facts begin with, and an id that comes after them all."""
BESIDE = "beside:"
_DECISION = "decision:"


@dataclass(frozen=True)
class Stored:
    """The stored decisions beside a head with this ETag: the ids that it `listed`, and all that are `present`.

    `listed` is None where only the head was read, and its list is a document of its own. `archived` is the most facts
    that the archive ever had, also while the conversation is being forgotten, when its head says 0.
    """

    etag: str
    listed: tuple[str, ...] | None
    present: frozenset[str]
    archived: int


def fact_document_id(fact_id: str) -> str:
    """The id of a fact's document."""
    return FACTS + fact_id


def decision_texts(head: Head) -> list[tuple[str, str]]:
    """Id and text of each of the head's decisions, in order."""
    texts = [write_decision(decision) for decision in head.conversation.decisions]
    return [(_DECISION + hashlib.sha256(text.encode()).hexdigest(), text) for text in texts]


def list_members(one: Listed, key: str) -> Mapping[str, object]:
    """The members by which lists are filtered and sorted; those that lists are sorted by end with the key."""
    return {
        **one.values,
        "warnings": list(one.warnings) or None,
        "started": place_in_list(one.started, key),
        "activity": place_in_list(one.activity, key),
        "waiting": place_in_list(one.waiting, key) if one.waiting else None,
    }


def place_in_list(moment: datetime, key: str = "") -> str:
    """A moment and a key as text that sorts as both do, so that one member tells the order of a list."""
    return f"{sortable(moment)} {key}"


def sortable(moment: datetime) -> str:
    """A moment as text of fixed width, which sorts as moments do."""
    return moment.isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Writer:
    """Writes documents of one partition, which live for `ttl` seconds, facts for `fact_ttl`."""

    container: Container
    partition: Partition
    ttl: int
    fact_ttl: int

    def fact(self, fact: Fact) -> Document:
        members = {"type": fact.event.type, **write_fact(fact)}
        return self._document(fact_document_id(fact.id), ttl=self.fact_ttl, **members)

    def head(self, head: Head, decisions: Sequence[str] | None, archived: int) -> Document:
        """The head with the members that lists are filtered and sorted by, and the ids of decisions if they are few.

        `decisions` is None if their list is a document of its own, which stays as it is; for `archived` see `Stored`.
        """
        return self._document(
            HEAD,
            key=self.partition[-1],
            **list_members(listed(head), self.partition[-1]),
            attentionAt=sortable(head.attention_at) if head.attention_at else None,
            unpostedMonth=head.unposted_month,
            decisions=list(decisions) if decisions is not None and len(decisions) <= LISTED_IN_HEAD else None,
            archived=archived or None,
            document=write_head(head),
        )

    def decision_list(self, decisions: Sequence[str]) -> Document:
        """The list of decisions that is too long for the head."""
        return self._document(LIST, decisions=list(decisions))

    def decision(self, document_id: str, text: str) -> Document:
        return self._document(document_id, document=text)

    def beside(self, documents: Sequence[Beside]) -> list[Operation]:
        """What writes documents beside facts."""
        return [("upsert", (self._document(BESIDE + one.name, document=one.text),), {}) for one in documents]

    def _document(self, document_id: str, **members: object) -> Document:
        return self.container.document(self.partition, document_id, **{"ttl": self.ttl, **members})


def fact_of(document: Document) -> Fact:
    """The fact that a document holds."""
    return read_fact(document["id"].removeprefix(FACTS), document["event"], document["at"], document["receivedAt"])


def with_archived(hot: Sequence[Fact], archived: Sequence[Fact]) -> Sequence[Fact]:
    """The facts that are stored, and those that only the archive has.

    A fact that came again after its document had expired is as it was recorded first. Where the tenant has another
    secret than its archive was written with, a fact has another id there; the stored one is the one that is named.
    """
    facts = {_identity(fact): fact for fact in archived}
    for fact in hot:
        first = facts.get(_identity(fact))
        if first is None or first.id != fact.id:
            facts[_identity(fact)] = fact
    return list(facts.values())


def _identity(fact: Fact) -> tuple[str, str]:
    return fact.event.source, fact.event.id


def time_of(document: Document) -> FactTime:
    """Time and type of the fact that a document holds."""
    fact_id = str(document["id"]).removeprefix(FACTS)
    return FactTime(datetime.fromisoformat(document["at"]), fact_id, document["type"])


def listed_in(head: Document) -> tuple[str, ...] | None:
    """The ids of the decisions that the head's document lists; None if they are a document of their own."""
    listed = head.get("decisions")
    return None if listed is None else tuple(listed)


def archived_in(head: Document) -> int:
    """The most facts that the archive ever had, by the head's document."""
    return int(head.get("archived", 0))


def loaded_from(documents: Sequence[Document]) -> tuple[Loaded, Stored | None]:
    """The content of a partition's documents. Raises HeadChanged if they are not of one moment."""
    facts = [fact_of(document) for document in documents if document["id"].startswith(FACTS)]
    head = next((document for document in documents if document["id"] == HEAD), None)
    if head is None:
        return Loaded(None, None, facts), None
    texts = {each["id"]: each["document"] for each in documents if each["id"].startswith(_DECISION)}
    listed = listed_in(head)
    if listed is None:
        listed = next((tuple(document["decisions"]) for document in documents if document["id"] == LIST), None)
    if listed is None or not texts.keys() >= set(listed):
        raise HeadChanged
    decisions = tuple(read_decision(texts[each]) for each in listed)
    stored = Stored(head["_etag"], listed, frozenset(texts), archived_in(head))
    return Loaded(read_head(head["document"], decisions), head["_etag"], facts), stored
