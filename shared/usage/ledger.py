"""The ledger: one row per conversation and month, and the day counters that the rows add up to.

Counting is posting a row. A row is keyed by tenant, month and conversation and carries the head's revision; only a
higher revision replaces it. Its day document takes away what the old row gave and adds what the new one gives, in the
same transaction, so posting twice, or late, changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.usage.bot_session import Invocation
from shared.wire import WireModel

Exclusion = Literal["no_bot", "smart_assist_only", "moved"]
"""Why a conversation does not count. `moved`: it turned out to belong to another month (the row is a tombstone)."""


class LedgerRow(WireModel):
    """What one conversation contributes to a month. `excluded` is None for a counted bot session."""

    month: str
    day: str
    conversation_id: str
    key: str
    revision: int
    excluded: Exclusion | None
    started_at: str | None
    proof: Invocation | None
    bots: tuple[str, ...]
    account: str | None
    channel: str | None
    work_stream: str | None
    escalated: bool

    def contributions(self) -> Counter[tuple[str, str]]:
        """The day's counters that this row adds one to, as (measure, dimension)."""
        if self.excluded == "moved":
            return Counter()
        if self.excluded is not None:
            return Counter({("excluded", self.excluded): 1})
        channel = f"{self.account}/{self.channel}" if self.account else "unknown"
        return Counter(
            {
                ("counted", ""): 1,
                # The bot that was invoked first stands for the session, so that the parts add up to the whole.
                ("byBot", self.bots[0]): 1,
                ("byChannel", channel): 1,
                ("byWorkStream", self.work_stream or "unknown"): 1,
            }
        )


DayCounts = Mapping[tuple[str, str], int]
"""A day's counters by (measure, dimension)."""


def adjustments(old: LedgerRow | None, new: LedgerRow) -> dict[str, Counter[tuple[str, str]]]:
    """What to add (or take away) per day when `new` replaces `old`; counters that stay the same are left out."""
    changes: dict[str, Counter[tuple[str, str]]] = {new.day: new.contributions()}
    if old is not None:
        changes.setdefault(old.day, Counter()).subtract(old.contributions())
    kept = {day: Counter({name: n for name, n in counts.items() if n}) for day, counts in changes.items()}
    return {day: counts for day, counts in kept.items() if counts}


def recount(rows: Iterable[LedgerRow]) -> dict[str, Counter[tuple[str, str]]]:
    """The day counters that the rows add up to; must equal the day documents."""
    days: dict[str, Counter[tuple[str, str]]] = {}
    for row in rows:
        if contributions := row.contributions():
            days.setdefault(row.day, Counter()).update(contributions)
    return days


@dataclass(frozen=True)
class Page:
    """Some rows in order of key, and where to go on."""

    rows: Sequence[LedgerRow]
    continuation: str | None


class Ledger(Protocol):
    """The port to the ledger."""

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        """In one transaction write the row and adjust its days, unless a row of this or a higher revision is there."""
        ...

    async def days(self, tenant_id: str, month: str) -> Mapping[str, DayCounts]:
        """The counters per day (yyyy-mm-dd) that are not all zero; at most 31 documents."""
        ...

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        """A page of rows in order of conversation key; tombstones are left out."""
        ...

    async def months(self, tenant_id: str) -> Sequence[str]:
        """Every month (yyyy-mm) with a row, oldest first."""
        ...
