"""What controls hand to the proofs: adapters and use cases that are wrong in one thing, which a proof must notice."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from functools import cached_property
from typing import ClassVar, ParamSpec, TypeVar

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, Effect
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey
from shared.conversations.ports import Beside, FactExists, Head
from shared.conversations.record import Recorded, Recorder
from shared.dialects.received import NOTHING_GIVEN
from shared.effects.dispatcher import Dispatcher
from shared.effects.reconcile import reconcile
from shared.embedded.bus import EmbeddedBus, Lane
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.ledger import EmbeddedLedger
from shared.embedded.messages import Delivery
from shared.errors import HeadChanged, PatchbayError
from shared.events.bus import DELIVERIES_EXCEEDED
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.stamp import Stamp
from shared.events.types.message_posted import MessagePosted
from shared.ingress.receive import Admit, Receipt, Receiver, any_number
from shared.tenants.configurations import Configurations, ConfigurationStore
from shared.usage.correction import Correction, by_origin
from shared.usage.ledger import SESSIONS, Books, LedgerRow
from tests.builders import fact_of
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryConversations, MemoryLedger

P = ParamSpec("P")
T = TypeVar("T")


def _taken_for_another(fact: Fact) -> Fact:
    copied = fact.event.model_copy(update={"id": f"{fact.event.id} again"})
    return Fact(f"{fact.id} again", copied, fact.at, fact.received_at)


class AcknowledgesAtOnce(EmbeddedBus):
    """Forgets a message when it gives it out."""

    async def receive(self, subscription: str, limit: int, lane: Lane = "all") -> list[Delivery]:
        deliveries = await super().receive(subscription, limit, lane)
        for delivery in deliveries:
            await self.complete(delivery)
        return deliveries


class BuriesWhatComesAgain(EmbeddedBus):
    """Makes a dead letter of a message that it gives out for the second time."""

    async def receive(self, subscription: str, limit: int, lane: Lane = "all") -> list[Delivery]:
        deliveries = await super().receive(subscription, limit, lane)
        again = [(DELIVERIES_EXCEEDED, one.sequence) for one in deliveries if one.delivery_count > 1]
        bury = "UPDATE messages SET dead_reason = ?, died_at = 0 WHERE sequence = ?"
        await self._database.write(lambda connection: connection.executemany(bury, again))
        return [one for one in deliveries if one.delivery_count == 1]


class WithoutTurns(EmbeddedBus):
    """Gives out messages as they came, whoever published them."""

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        await super().publish("everybody", events)


class WithoutOutbox(EmbeddedConversations):
    """Commits heads without what is still to be performed."""

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, facts, head.without(head.outbox), etag, beside)


class ClearsFirst(Dispatcher):
    """Clears the outbox before it performs what is there."""

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        with suppress(HeadChanged):
            await self.conversations.save_head(tenant_id, key, head.without(head.outbox), etag)
        await super().perform(tenant_id, key, head, etag)


class WithoutMarker(EmbeddedConversations):
    """Takes a fact that is appended again for another one."""

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        try:
            await super().append(tenant_id, key, facts, beside)
        except FactExists:
            await super().append(tenant_id, key, list(map(_taken_for_another, facts)), beside)


class TakesNothingAway(EmbeddedLedger):
    """Forgets the row that another one replaces, so that its counters stay."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        forget = "DELETE FROM contributions WHERE tenant_id = ? AND period = ? AND key = ?"
        old = await self.row(tenant_id, row.month, row.key)
        if old and old.revision < row.revision:
            place = (tenant_id, row.month, row.key)
            await self._database.write(lambda connection: connection.execute(forget, place))
        return await super().post(tenant_id, row)


Fault = type[EmbeddedBus] | type[EmbeddedConversations] | type[EmbeddedLedger] | type[Dispatcher]
"""A part of a host; in the host's command it goes by its name in this module."""


class AsItCame(Fact):
    """Comes before each fact that is not stored yet, and after those that came before it."""

    @cached_property
    def order(self) -> SortKey:
        earliest = datetime.min.replace(tzinfo=self.at.tzinfo)
        return SortKey(earliest, earliest, "", False, -1, Stamp(earliest), "")


def _as_it_came(fact: Fact) -> Fact:
    return AsItCame(fact.id, fact.event, fact.at, fact.received_at)


class Unsorted(MemoryConversations):
    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        await super().append(tenant_id, key, list(map(_as_it_came, facts)), beside)

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, list(map(_as_it_came, facts)), head, etag, beside)


def unsorted() -> InMemory:
    return InMemory(conversations=Unsorted())


class WithoutMarkerInMemory(MemoryConversations):
    """Takes a fact that is appended again for another one."""

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        try:
            await super().append(tenant_id, key, facts, beside)
        except FactExists:
            await super().append(tenant_id, key, list(map(_taken_for_another, facts)), beside)


def without_marker() -> InMemory:
    return InMemory(conversations=WithoutMarkerInMemory())


class OnlyAppendsLines(Recorder):
    """Looks no further at a line once there is a head with nothing to be performed."""

    async def record(self, tenant_id: str, event: Event) -> Recorded:
        key = conversation_key(event.subject or "")
        found = await self.conversations.read_head(tenant_id, key)
        if not isinstance(event, MessagePosted) or found is None or found[0].outbox:
            return await super().record(tenant_id, event)
        try:
            await self.conversations.append(tenant_id, key, [fact_of(event, self.clock.now())])
        except FactExists:
            return "duplicate"
        return "recorded"


class LinesChangeNoHead(InMemory):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.recorder = OnlyAppendsLines(*(getattr(self.recorder, one.name) for one in fields(self.recorder)))


def without_tombstones(
    before: Conversation | None, after: Conversation, revision: int, cause: Fact
) -> Mapping[str, Effect]:
    effects = reconcile(before, after, revision, cause)
    return {
        name: one for name, one in effects.items() if not isinstance(one, Contribute) or one.row.standing is not None
    }


class LeavesRowsBehind(InMemory):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.recorder = replace(self.recorder, reconcile=without_tombstones)


class TakesNothingAwayInMemory(MemoryLedger):
    """Forgets the row that another one replaces, so that its counters stay."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        old = await self.row(tenant_id, row.month, row.key)
        if old and old.revision < row.revision:
            self.lose(tenant_id, SESSIONS, row.month, row.key)
        return await super().post(tenant_id, row)


def taking_nothing_away() -> InMemory:
    return InMemory(ledger=TakesNothingAwayInMemory())


class ClosesNothing(MemoryLedger):
    """Says of a month that it is closed, and lets it take posts."""

    def __init__(self) -> None:
        super().__init__()
        self._closings: dict[tuple[str, str], datetime] = {}

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        self._closings[tenant_id, month] = at

    async def books(self, tenant_id: str, month: str) -> Books:
        return replace(await super().books(tenant_id, month), closed_at=self._closings.get((tenant_id, month)))


class ForgetsWhatIsBooked(MemoryLedger):
    """Knows of no row when it is asked for one, so that a correction is made as if nothing was booked."""

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        return None


class TakesEveryCorrectionForNew(MemoryLedger):
    """Lets a correction of any revision replace the one that is there."""

    async def correct(self, tenant_id: str, correction: Correction) -> int:
        known = await self.correction(tenant_id, correction.month, correction.id)
        revision = max(correction.revision, known.revision + 1) if known else correction.revision
        return await super().correct(tenant_id, correction.model_copy(update={"revision": revision}))


class RatesWhereItStands(MemoryLedger):
    """Says that the sessions of a correction are sessions of the month in whose books it stands."""

    def __init__(self, ledger: MemoryLedger) -> None:
        vars(self).update(vars(ledger))

    async def books(self, tenant_id: str, month: str) -> Books:
        books = await super().books(tenant_id, month)
        return replace(books, days={**books.days, **by_origin(books.corrections)}, corrections={})


class ForgetsEarlierCorrections(MemoryLedger):
    """Knows of no corrections in months that are closed."""

    def __init__(self, ledger: MemoryLedger) -> None:
        vars(self).update(vars(ledger))

    async def books(self, tenant_id: str, month: str) -> Books:
        books = await super().books(tenant_id, month)
        return replace(books, corrections={}) if books.closed_at else books


class FailsAtRefusals(Receiver):
    """Breaks down where it should refuse."""

    async def receive_activity(
        self,
        tenant_id: str,
        account_id: str,
        channel_id: str,
        body: bytes,
        headers: Mapping[str, str] = NOTHING_GIVEN,
        admit: Admit = any_number,
    ) -> Receipt:
        try:
            return await super().receive_activity(tenant_id, account_id, channel_id, body, headers, admit)
        except PatchbayError as refusal:
            raise RuntimeError("an unexpected failure") from refusal


class KeepsBodies(Receiver):
    """Keeps every body many times."""

    kept: ClassVar[list[bytes]] = []

    async def receive_activity(
        self,
        tenant_id: str,
        account_id: str,
        channel_id: str,
        body: bytes,
        headers: Mapping[str, str] = NOTHING_GIVEN,
        admit: Admit = any_number,
    ) -> Receipt:
        self.kept.append(body * 999)
        return await super().receive_activity(tenant_id, account_id, channel_id, body, headers, admit)


class AtOnce(Aside):
    """Runs on the event loop what may take a second, and often enough for a fast machine to be noticed."""

    async def run(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        for _ in range(4):
            work(*given, **named)
        return work(*given, **named)


def checking_at_once(store: ConfigurationStore, clock: Clock) -> Configurations:
    return Configurations(store, clock, AtOnce())
