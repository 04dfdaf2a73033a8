"""Rebuilding from facts: heads, decisions and the ledger are derived, and must be what the facts make them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Set
from dataclasses import dataclass, field

from shared.clock import Clock
from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.conversations.ports import ConversationStore, Loaded
from shared.conversations.reconcile import ledger_row
from shared.tenants.history import Configurations
from shared.usage.correction import Correction, recount_corrections
from shared.usage.ledger import Books, Ledger, LedgerRow, recount
from shared.usage.posting import standing_of

_PAGE = 500


@dataclass
class Comparison:
    """How much was compared, and what differs: one line each, with the conversation's key or the month."""

    conversations: int = 0
    months: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rebuild:
    """Compares what is stored with what the facts say. It changes nothing."""

    conversations: ConversationStore
    configurations: Configurations
    ledger: Ledger
    clock: Clock

    async def compare(self, tenant_id: str) -> Comparison:
        """Fold every conversation of the tenant anew, and recount every month. Raises UnknownTenant."""
        history = await self.configurations.of(tenant_id)
        comparison = Comparison()
        expected: dict[str, dict[str, LedgerRow]] = {}
        async for key in self._keys(tenant_id):
            comparison.conversations += 1
            loaded = await self.conversations.load(tenant_id, key)
            rebuilt = fold(tenant_id, loaded.facts[0].event.subject or "", loaded.facts, history)
            comparison.differences += [f"{key}: {what}" for what in _differences(loaded, rebuilt)]
            row = ledger_row(rebuilt, loaded.head.revision if loaded.head else 0)
            if row is not None:
                expected.setdefault(row.month, {})[key] = row
        # The ledger keeps the rows of conversations that were forgotten, which are older than the retention.
        forgotten_until = history.local_date(self.clock.now() - history.retention).isoformat()
        months = sorted({*expected, *await self.ledger.months(tenant_id)})
        corrections = {month: [one async for one in self._corrections(tenant_id, month)] for month in months}
        for month in months:
            comparison.months += 1
            books = await self.ledger.books(tenant_id, month)
            stored = {row.key: row async for row in self._rows(tenant_id, month)}
            forgotten = {key: row for key, row in stored.items() if row.day <= forgotten_until}
            rebuilt_rows = {**forgotten, **expected.get(month, {})}
            if books.closed_at is None:
                keys = sorted({*rebuilt_rows, *stored})
                differences = [f"the row of {key} differs" for key in keys if _differ(rebuilt_rows, stored, key)]
            else:
                since = [one for every in corrections.values() for one in every if one.origin_month == month]
                gone = {*forgotten, *(one.key for one in since if one.day <= forgotten_until)}
                differences = _differences_of_closed(expected.get(month, {}), stored, since, gone)
                rebuilt_rows = stored
            differences += _differences_of_counters(books, rebuilt_rows.values(), corrections[month])
            comparison.differences += [f"{month}: {what}" for what in differences]
        return comparison

    async def _keys(self, tenant_id: str) -> AsyncIterator[str]:
        after: str | None = None
        while keys := await self.conversations.keys(tenant_id, after, _PAGE):
            for key in keys:
                yield key
            after = keys[-1]

    async def _rows(self, tenant_id: str, month: str) -> AsyncIterator[LedgerRow]:
        page = await self.ledger.rows(tenant_id, month, None, None, _PAGE)
        while page.rows:
            for row in page.rows:
                yield row
            if page.continuation is None:
                break
            page = await self.ledger.rows(tenant_id, month, None, page.continuation, _PAGE)

    async def _corrections(self, tenant_id: str, month: str) -> AsyncIterator[Correction]:
        page = await self.ledger.corrections(tenant_id, month, None, _PAGE)
        while page.corrections:
            for correction in page.corrections:
                yield correction
            if page.continuation is None:
                break
            page = await self.ledger.corrections(tenant_id, month, page.continuation, _PAGE)


def _differences_of_closed(
    expected: Mapping[str, LedgerRow],
    stored: Mapping[str, LedgerRow],
    corrections: Iterable[Correction],
    forgotten: Set[str],
) -> list[str]:
    """Rows of a closed month stay as they were: with all corrections since they must count what the facts make."""
    standing = {key: standing_of(row) for key, row in stored.items()}
    for correction in corrections:
        standing[correction.key] = standing.get(correction.key, standing_of(None)).with_correction(correction)
    nothing = standing_of(None)
    return [
        f"the row of {key} and its corrections differ"
        for key in sorted({*expected, *(standing.keys() - forgotten)})
        if standing.get(key, nothing).counts != standing_of(expected.get(key)).counts
    ]


def _differences_of_counters(books: Books, rows: Iterable[LedgerRow], corrections: Iterable[Correction]) -> list[str]:
    differences = []
    if recount(rows) != {day: dict(counts) for day, counts in books.days.items()}:
        differences.append("the days are not what the rows add up to")
    if recount_corrections(corrections) != dict(books.corrections):
        differences.append("the counters of corrections are not what these add up to")
    return differences


def _differ(expected: Mapping[str, LedgerRow], stored: Mapping[str, LedgerRow], key: str) -> bool:
    """Revisions count commits, not facts: they may be of any number."""
    if key not in expected or key not in stored:
        return True
    one, other = (rows[key].model_copy(update={"revision": 0}) for rows in (expected, stored))
    return one.to_json() != other.to_json()


def _differences(loaded: Loaded, rebuilt: Conversation) -> list[str]:
    if loaded.head is None:
        return ["there are facts, and no head"]
    found = []
    if loaded.head.outbox:
        found.append("effects are left over")
    if _text(loaded.head.conversation) != _text(rebuilt):
        found.append("the head differs")
    if [one.to_json() for one in loaded.head.conversation.decisions] != [one.to_json() for one in rebuilt.decisions]:
        found.append("the decisions differ")
    return found


def _text(conversation: Conversation) -> str:
    """The head's bytes, but for the last activity, which is exact on reading only."""
    return conversation.but(last_activity_at=None, decisions=()).model_dump_json()
