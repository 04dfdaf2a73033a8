"""Compares heads, decisions and ledger rows, which derive from facts, with what the facts give when folded anew."""

from collections.abc import AsyncIterator, Iterable, Mapping, Set
from dataclasses import dataclass, field

from shared.clock import Clock
from shared.contributions.counters import recount
from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.conversations.ports import ConversationStore, Loaded
from shared.effects.reconcile import ledger_row
from shared.tenants.configurations import Configurations
from shared.tenants.history import History
from shared.usage.correction import CORRECTIONS, Correction
from shared.usage.ledger import Books, Ledger, LedgerRow
from shared.usage.period import first_month
from shared.usage.posting import booked_contribution
from shared.usage.recount import correction_pages, row_pages
from shared.wire import replace

_PAGE = 500


@dataclass(frozen=True)
class Difference:
    """A difference in a conversation (`key`), its row in a month (`key` and `month`), or a month's books (`month`)."""

    what: str
    key: str | None = None
    month: str | None = None

    def __str__(self) -> str:
        return f"{self.month or self.key}: {self.what}"


@dataclass
class Comparison:
    """The numbers of conversations and months that were compared, and the differences found."""

    conversations: int = 0
    months: int = 0
    found: list[Difference] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        """One line each, with the conversation's key or the month."""
        return [str(one) for one in self.found]


@dataclass(frozen=True)
class Rebuild:
    """Compares what is stored with what the facts give. It changes nothing.

    Facts may be recorded meanwhile, so a difference counts only if a second comparison finds it again.
    """

    conversations: ConversationStore
    configurations: Configurations
    ledger: Ledger
    clock: Clock

    async def compare(self, tenant_id: str) -> Comparison:
        """Fold every conversation of the tenant anew, and recount every month. Raises UnknownTenant."""
        history = await self.configurations.of(tenant_id)
        comparison = Comparison()
        rows: dict[str, LedgerRow] = {}
        suspects: dict[str, list[Difference]] = {}
        async for key in self._keys(tenant_id):
            comparison.conversations += 1
            if found := await self._conversation(tenant_id, key, history, rows):
                suspects[key] = found
        comparison.months, first = await self._months(tenant_id, history, rows)
        for key in sorted({*suspects, *(one.key for one in first if one.key)}):
            again = await self._conversation(tenant_id, key, history, rows)
            comparison.found += [one for one in again if one in suspects.get(key, [])]
        if first:
            comparison.months, again = await self._months(tenant_id, history, rows)
            comparison.found += [one for one in again if one in first]
        return comparison

    async def _conversation(
        self, tenant_id: str, key: str, history: History, rows: dict[str, LedgerRow]
    ) -> list[Difference]:
        """The differences of a conversation. Puts the row that its facts give into `rows`, by key."""
        rows.pop(key, None)
        loaded = await self.conversations.load(tenant_id, key)
        if not loaded.facts:
            # The conversation was deleted meanwhile.
            return []
        rebuilt = fold(tenant_id, loaded.facts[0].event.subject or "", loaded.facts, history)
        row = ledger_row(rebuilt, loaded.head.revision if loaded.head else 0)
        if row is not None:
            rows[key] = row
        return [Difference(what, key) for what in _differences(loaded, rebuilt)]

    async def _months(
        self, tenant_id: str, history: History, rows: Mapping[str, LedgerRow]
    ) -> tuple[int, list[Difference]]:
        """The number of months, and the differences between their books and `rows`, the rows that the facts give."""
        expected: dict[str, dict[str, LedgerRow]] = {}
        for key, row in rows.items():
            expected.setdefault(row.month, {})[key] = row
        # The ledger keeps the rows of conversations that were forgotten, which are older than the retention.
        forgotten_until = history.local_date(self.clock.now() - history.retention).isoformat()
        months = sorted({*expected, *await self.ledger.months(tenant_id)})
        books = {month: await self.ledger.books(tenant_id, month) for month in months}
        corrections = {
            month: [one async for page in correction_pages(self.ledger, tenant_id, month) for one in page.corrections]
            for month in months
        }
        differences = []
        begun = first_month(history)
        for month in months:
            stored = {row.key: row async for page in row_pages(self.ledger, tenant_id, month) for row in page.rows}
            forgotten = {key: row for key, row in stored.items() if row.day <= forgotten_until}
            if books[month].closed_at is None and month >= begun:
                whole = {**forgotten, **expected.get(month, {})}
                found = [
                    Difference(f"the row of {key} differs", key, month)
                    for key in sorted({*whole, *stored})
                    if _differ(whole, stored, key)
                ]
            else:
                later = [one for each in corrections.values() for one in each if one.origin_month == month]
                forgotten_keys = {*forgotten, *(one.key for one in later if one.day <= forgotten_until)}
                found = _differences_of_closed(month, expected.get(month, {}), stored, later, forgotten_keys)
            differences += found
            counters = _differences_of_counters(books[month], stored.values(), corrections[month])
            if counters and (await self.ledger.books(tenant_id, month)).stamp == books[month].stamp:
                # A row posted since the books were read is no difference.
                differences += [Difference(what, None, month) for what in counters]
        return len(months), differences

    async def _keys(self, tenant_id: str) -> AsyncIterator[str]:
        after: str | None = None
        while keys := await self.conversations.keys(tenant_id, after, _PAGE):
            for key in keys:
                yield key
            after = keys[-1]


def _differences_of_closed(
    month: str,
    expected: Mapping[str, LedgerRow],
    stored: Mapping[str, LedgerRow],
    corrections: Iterable[Correction],
    forgotten: Set[str],
) -> list[Difference]:
    """The differences of a closed month. Its rows stay, so with their corrections they must count what facts give."""
    booked = {key: booked_contribution(row) for key, row in stored.items()}
    for correction in corrections:
        booked[correction.key] = booked.get(correction.key, booked_contribution(None)).with_correction(correction)
    nothing = booked_contribution(None)
    return [
        Difference(f"the row of {key} and its corrections differ", key, month)
        for key in sorted({*expected, *(booked.keys() - forgotten)})
        if booked.get(key, nothing).counts != booked_contribution(expected.get(key)).counts
    ]


def _differences_of_counters(books: Books, rows: Iterable[LedgerRow], corrections: Iterable[Correction]) -> list[str]:
    differences = []
    if recount(rows) != {day: dict(counts) for day, counts in books.days.items()}:
        differences.append("the days are not what the rows add up to")
    if recount(corrections).get(CORRECTIONS, {}) != dict(books.corrections):
        differences.append("the counters of corrections are not what these add up to")
    return differences


def _differ(expected: Mapping[str, LedgerRow], stored: Mapping[str, LedgerRow], key: str) -> bool:
    """True if the row of this key differs. Its revision may, since that counts commits, not facts, and so may turns."""
    if key not in expected or key not in stored:
        return True
    one, other = (replace(rows[key].without_turns(), revision=0) for rows in (expected, stored))
    return one.to_json() != other.to_json()


def _differences(loaded: Loaded, rebuilt: Conversation) -> list[str]:
    if loaded.head is None:
        return ["there are facts, and no head"]
    differences = []
    if loaded.head.outbox:
        differences.append("effects are left over")
    if _text(loaded.head.conversation) != _text(rebuilt):
        differences.append("the head differs")
    if [one.to_json() for one in loaded.head.conversation.decisions] != [one.to_json() for one in rebuilt.decisions]:
        differences.append("the decisions differ")
    return differences


def _text(conversation: Conversation) -> str:
    """The head as JSON, without its decisions and without what any line may change."""
    return conversation.without_lines().model_dump_json()
