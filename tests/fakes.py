"""Fakes of the ports: each keeps its documents in memory, and does what the port's docstrings say."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.access.issuer import DocumentUnavailable
from shared.clock import Clock, MovableClock, SystemClock
from shared.contributions.counters import Counted, adjustments, not_zero
from shared.contributions.row import TOMBSTONE_KEPT, Row, RowPage, Total, page_of
from shared.conversations.fact import Fact
from shared.conversations.lists import Position, Selection, after_key, key_named, listed, position
from shared.conversations.ports import Beside, FactExists, FactTime, Head, HeadPage, Loaded
from shared.effects.archive import PartExists
from shared.errors import DayClosed, HeadChanged, ThreadChanged, VersionConflict
from shared.events.bus import DeadLetter, message_of
from shared.events.catalog import Event
from shared.ingress.parked_event import ParkedEvent
from shared.routing.decision import Decision
from shared.tenants.history import History, Version
from shared.threads.thread import Thread
from shared.usage.correction import CORRECTIONS
from shared.usage.ledger import Books, BooksChanged, DayCounts
from shared.usage.ledger_on_rows import LedgerOnRows
from shared.usage.rating import INVOICED
from shared.usage.report import UsageReport
from shared.wire import replace


class MemoryConfigurations:
    """Implements `ConfigurationStore`. `reads` counts the calls of `history`."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._secrets: dict[str, bytes] = {}
        self.reads = 0

    async def tenants(self) -> Sequence[str]:
        return sorted(self._versions)

    async def history(self, tenant_id: str) -> History | None:
        self.reads += 1
        versions = self._versions.get(tenant_id)
        return History(tuple(versions)) if versions else None

    async def secret(self, tenant_id: str) -> bytes | None:
        return self._secrets.get(tenant_id)

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        await self.add(tenant_id, first)
        self._secrets[tenant_id] = secret

    async def add(self, tenant_id: str, version: Version) -> None:
        versions = self._versions.setdefault(tenant_id, [])
        if any(known.number == version.number for known in versions):
            raise VersionConflict(versions[-1].number)
        versions.append(version)


class MemoryThreads:
    """Implements `ThreadStore`. Threads are kept as JSON text, so that this fake loses what a real store would lose."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], tuple[str, int]] = {}

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        found = self._texts.get((tenant_id, key))
        return (Thread.model_validate_json(found[0]), str(found[1])) if found else None

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        found = self._texts.get((tenant_id, key))
        if etag != (str(found[1]) if found else None):
            raise ThreadChanged
        self._texts[tenant_id, key] = (thread.to_json(), found[1] + 1 if found else 1)


class SettableClock(MovableClock):
    """A clock that stands still, and may be set back, as a machine's may be."""

    def set_back(self, step: timedelta) -> None:
        self._now -= step


class MemoryArchive:
    """Implements `Archive`."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], list[bytes]] = {}

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        parts = self._parts.setdefault((tenant_id, key), [])
        if part < len(parts):
            raise PartExists
        parts.append(document)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        return list(self._parts.get((tenant_id, key), []))

    async def delete(self, tenant_id: str, key: str) -> None:
        self._parts.pop((tenant_id, key), None)


class MemoryOverflow:
    """Implements `Overflow`. `contents` are all stored contents, by tenant, place and SHA-256."""

    def __init__(self) -> None:
        self.contents: dict[tuple[str, str, str], bytes] = {}

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        self.contents[tenant_id, place, sha256] = content

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        return self.contents.get((tenant_id, place, sha256))

    async def names(self, tenant_id: str, place: str) -> Sequence[str]:
        return sorted(sha256 for *names, sha256 in self.contents if names == [tenant_id, place])

    async def discard(self, tenant_id: str, place: str, sha256: str) -> None:
        self.contents.pop((tenant_id, place, sha256), None)

    async def delete(self, tenant_id: str, place: str) -> None:
        self.contents = {name: content for name, content in self.contents.items() if name[:2] != (tenant_id, place)}


@dataclass
class _Partition:
    """One conversation: its head (without decisions), whose ETag is a number, its decisions and its facts."""

    head: Head | None = None
    etag: int = 0
    decisions: tuple[Decision, ...] = ()
    facts: dict[str, Fact] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)

    def put(self, head: Head, etag: str | None) -> None:
        if etag != (str(self.etag) if self.head else None):
            raise HeadChanged
        self.head = head.with_decisions(())
        self.etag += 1

    def create(self, facts: Sequence[Fact], beside: Sequence[Beside]) -> None:
        self.refuse_existing(facts)
        self.facts.update({fact.id: fact for fact in facts})
        self.beside.update({one.name: one.text for one in beside})

    def refuse_existing(self, facts: Sequence[Fact]) -> None:
        if any(fact.id in self.facts for fact in facts):
            raise FactExists


class MemoryConversations:
    """Implements `ConversationStore`. Facts and heads are frozen, so they are not copied."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, str], _Partition] = {}

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        partition = self._partitions.get((tenant_id, key), _Partition())
        facts = list(partition.facts.values())
        if partition.head is None:
            return Loaded(None, None, facts)
        whole = partition.head.with_decisions(partition.decisions if decisions else ())
        return Loaded(whole, str(partition.etag), facts)

    async def read_head(self, tenant_id: str, key: str) -> tuple[Head, str] | None:
        partition = self._partitions.get((tenant_id, key), _Partition())
        return (partition.head, str(partition.etag)) if partition.head else None

    async def read_fact(self, tenant_id: str, key: str, fact_id: str) -> Fact | None:
        return self._partitions.get((tenant_id, key), _Partition()).facts.get(fact_id)

    async def count(self, tenant_id: str, key: str) -> int:
        return len(self._partitions.get((tenant_id, key), _Partition()).facts)

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        self._partition(tenant_id, key).create(facts, beside)

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        partition = self._partition(tenant_id, key)
        partition.refuse_existing(facts)
        partition.put(head, etag)
        conversation = head.conversation
        older = partition.decisions[: conversation.decision_count - len(conversation.decisions)]
        partition.decisions = (*older, *conversation.decisions)
        partition.create(facts, beside)
        return head, str(partition.etag)

    async def read_beside(self, tenant_id: str, key: str, name: str) -> str | None:
        return self._partitions.get((tenant_id, key), _Partition()).beside.get(name)

    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        partition = self._partition(tenant_id, key)
        partition.put(head, etag)
        return str(partition.etag)

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        partition = self._partition(tenant_id, key)
        if partition.head is not None and str(partition.etag) != etag:
            raise HeadChanged
        del self._partitions[tenant_id, key]

    async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
        facts = self._partitions.get((tenant_id, key), _Partition()).facts.values()
        return sorted(FactTime(fact.at, fact.id, fact.event.type) for fact in facts)

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        facts = self._partitions.get((tenant_id, key), _Partition()).facts
        return [facts[one] for one in fact_ids if one in facts]

    async def heads(self, tenant_id: str, selection: Selection, after: str | None, limit: int) -> HeadPage:
        known = [(listed(head), head) for _, head in self._heads(tenant_id)]
        found = [
            (Position(moment, head.conversation.key), head)
            for one, head in known
            if selection.has(one) and (moment := one.moment(selection.sort))
        ]
        found.sort(key=lambda pair: pair[0], reverse=selection.newest_first)
        if selection.sort == "key":
            after_this = key_named(after)
            left = [pair for pair in found if pair[0].key > after_this]
        else:
            begin = position(after) if after is not None else None
            left = [
                pair
                for pair in found
                if begin is None or (pair[0] < begin if selection.newest_first else pair[0] > begin)
            ]
        page = left[:limit]
        if len(left) <= limit:
            return HeadPage([head for _, head in page], None)
        last = page[-1][0]
        return HeadPage([head for _, head in page], after_key(last.key) if selection.sort == "key" else last.text())

    async def keys(self, tenant_id: str, after: str | None, limit: int) -> Sequence[str]:
        known = sorted(key for (tenant, key), one in self._partitions.items() if tenant == tenant_id and one.facts)
        return [key for key in known if key > (after or "")][:limit]

    async def due(self, tenant_id: str, until: datetime, limit: int) -> Mapping[str, datetime]:
        moments = ((head.attention_at, key) for key, head in self._heads(tenant_id))
        found = sorted((at, key) for at, key in moments if at is not None and at <= until)
        return {key: at for at, key in found[:limit]}

    async def unposted(self, tenant_id: str, until: str, limit: int) -> Sequence[str]:
        months = ((head.unposted_month, key) for key, head in self._heads(tenant_id))
        return [key for month, key in sorted((month, key) for month, key in months if month and month <= until)][:limit]

    def _partition(self, tenant_id: str, key: str) -> _Partition:
        return self._partitions.setdefault((tenant_id, key), _Partition())

    def _heads(self, tenant_id: str) -> list[tuple[str, Head]]:
        """The tenant's heads in order of key."""
        known = ((key, one.head) for (tenant, key), one in self._partitions.items() if tenant == tenant_id)
        return sorted(((key, head) for key, head in known if head is not None), key=lambda pair: pair[0])


@dataclass
class MemoryRows:
    """Implements `Rows`. A row is kept with the moment at which it ends, which only a tombstone has."""

    _clock: Clock = field(default_factory=SystemClock, compare=False)
    _rows: dict[tuple[str, str], dict[str, tuple[Row, datetime | None]]] = field(default_factory=dict)

    async def put(self, tenant_id: str, total: Total, row: Row) -> int:
        stored = self.stored(tenant_id, total, row.key)
        if row.replaces(stored):
            self.write(tenant_id, total, row)
        return row.kept_out_by(stored)

    def stored(self, tenant_id: str, total: Total, key: str) -> Row | None:
        row, until = self._rows.get((tenant_id, total.to_json()), {}).get(key, (None, None))
        return row if until is None or until > self._clock.now() else None

    def write(self, tenant_id: str, total: Total, row: Row) -> None:
        until = None if row.standing else self._clock.now() + TOMBSTONE_KEPT
        self._rows.setdefault((tenant_id, total.to_json()), {})[row.key] = row, until

    def lose(self, tenant_id: str, total: Total, key: str) -> Row:
        return self._rows[tenant_id, total.to_json()].pop(key)[0]

    async def row(self, tenant_id: str, total: Total, key: str) -> Row | None:
        return self.stored(tenant_id, total, key)

    async def rows(
        self, tenant_id: str, total: Total, standings: Sequence[str], after: str | None, limit: int
    ) -> RowPage:
        known = sorted(self._rows.get((tenant_id, total.to_json()), {}).items())
        found = [row for key, (row, _) in known if key > (after or "") and row.standing in standings]
        return page_of(found, limit)


@dataclass
class _Month:
    """A month's counters by day and under `corrections`. `posts` counts the writes; it is the stamp of the books."""

    counters: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    closed_at: datetime | None = None
    posts: int = 0


class MemoryLedger(LedgerOnRows):
    """Implements `Ledger`. The counters are stored, not computed, so that tests can compare them with a recount."""

    _rows: MemoryRows

    def __init__(self, policy: str = INVOICED.name, clock: Clock | None = None) -> None:
        self._rows = MemoryRows(clock or SystemClock())
        self._policy = policy
        self._months: dict[tuple[str, str], _Month] = {}

    async def _put(
        self, tenant_id: str, total: Total, row: Row, new: Counted, counted: Callable[[Row], Counted]
    ) -> int:
        stored = self._rows.stored(tenant_id, total, row.key)
        if row.replaces(stored):
            old, month = counted(stored) if stored else None, self._month(tenant_id, total.period)
            if month.closed_at is not None:
                raise DayClosed(min(new.heading, old.heading) if old else new.heading)
            month.posts += 1
            self._rows.write(tenant_id, total, row)
            for heading, counts in adjustments(old, new).items():
                month.counters.setdefault(heading, Counter()).update(counts)
        return row.kept_out_by(stored)

    def lose(self, tenant_id: str, kind: str, month: str, key: str) -> Row:
        """Forget a row as if somebody had deleted it, and return it."""
        return self._rows.lose(tenant_id, self._total(kind, month), key)

    def counters(self, tenant_id: str, month: str, heading: str) -> Counter[tuple[str, str]]:
        """The stored counters, to be tampered with."""
        return self._months[tenant_id, month].counters[heading]

    async def books(self, tenant_id: str, month: str) -> Books:
        kept = self._months.get((tenant_id, month), _Month())
        counters = {heading: left for heading, counts in kept.counters.items() if (left := not_zero(counts))}
        corrections = counters.pop(CORRECTIONS, Counter())
        return Books(counters, corrections, kept.closed_at, str(kept.posts))

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        kept = self._month(tenant_id, month)
        if kept.closed_at is not None or books.stamp != str(kept.posts):
            raise BooksChanged
        kept.closed_at = at

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        kept = self._month(tenant_id, month)
        if kept.closed_at is not None or books.stamp != str(kept.posts):
            raise BooksChanged
        kept.posts += 1
        kept.counters.update({heading: Counter(counters) for heading, counters in counts.items()})

    async def months(self, tenant_id: str) -> Sequence[str]:
        return sorted(month for tenant, month in self._months if tenant == tenant_id)

    def _month(self, tenant_id: str, month: str) -> _Month:
        return self._months.setdefault((tenant_id, month), _Month())


class MemoryReports:
    """Implements `UsageReports`."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], dict[int, UsageReport]] = {}

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        versions = self._versions.get((tenant_id, month))
        return versions[max(versions)] if versions else None

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        self._versions.setdefault((tenant_id, report.month), {}).setdefault(report.version, report)


class MemoryParked:
    """Implements `ParkedEvents`."""

    def __init__(self) -> None:
        self._events: dict[str, dict[str, ParkedEvent]] = {}

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        events = self._events.setdefault(tenant_id, {})
        if event.id not in events or events[event.id].replaying_at:
            events[event.id] = event

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        known = sorted(self._events.get(tenant_id, {}).values(), key=lambda event: event.position)
        asked = (event for event in known if replayed or event.replayed_at is None)
        return [event for event in asked if event.position > (after or "")][:limit]

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None:
        return self._events.get(tenant_id, {}).get(event_id)

    async def delete(self, tenant_id: str, event_id: str) -> None:
        self._events.get(tenant_id, {}).pop(event_id, None)

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        if event := await self.get(tenant_id, event_id):
            self._events[tenant_id][event_id] = event.model_copy(update={"replaying_at": at})

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        event = await self.get(tenant_id, event_id)
        if event and event.replaying_at == at:
            self._events[tenant_id][event_id] = event.model_copy(update={"replayed_at": at})


class MemoryDocuments:
    """Implements `WebDocuments`, with a document per address. `reads` are the addresses that were read, in order."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self.documents = dict(documents)
        self.reads: list[str] = []

    async def read(self, address: str) -> bytes:
        self.reads.append(address)
        if address not in self.documents:
            raise DocumentUnavailable(f"nothing stands at {address}")
        return self.documents[address]


class MemorySecrets:
    """Implements `Secrets`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    def value(self, reference: str) -> str | None:
        return self.values.get(reference)


class MemoryPublisher:
    """Implements `EventPublisher`. `events` are all published events, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        self.events.extend(events)


@dataclass(frozen=True)
class MemoryMessage:
    """A message with its subject; `died` is set if it is a dead letter."""

    subject: str | None
    message_id: str
    body: bytes
    died: DeadLetter | None = None
    resubmissions: int = 0


class MemoryBus:
    """Implements `EventPublisher` and `DeadLetters`. `messages` are all that were sent and not received yet."""

    def __init__(self, dead: Sequence[DeadLetter] = ()) -> None:
        self.messages = [MemoryMessage(None, letter.message_id, b"", letter) for letter in dead]

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        sent = [message_of(event) for event in events]
        self.messages += [MemoryMessage(message.subject, message.message_id, message.body) for message in sent]

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        again = [one.died for one in self.messages if one.died and one.died.died_at <= until and worth(one.died)]
        self.messages = [
            replace(one, died=None, resubmissions=one.died.resubmissions + 1) if one.died in again and one.died else one
            for one in self.messages
        ]
        return again
