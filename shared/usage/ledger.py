"""The ledger: one row per conversation and month, and the day counters that the rows add up to.

Counting is posting a row. A row is keyed by tenant, month and conversation and carries the head's revision; only a
higher revision replaces it. Its day document takes away what the old row gave and adds what the new one gives, in the
same transaction, so posting twice, or late, changes nothing.

A month is closed for good. What would change it afterwards stands as a correction in the books of a later month that is
open (`shared/usage/posting.py`), keyed by the closed month and the conversation, with counters of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.usage.bot_session import Invocation
from shared.usage.correction import Correction, not_zero
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
    return {day: left for day, counts in changes.items() if (left := not_zero(counts))}


def recount(
    rows: Iterable[LedgerRow], days: dict[str, Counter[tuple[str, str]]] | None = None
) -> dict[str, Counter[tuple[str, str]]]:
    """The day counters that the rows add up to, on top of `days` where a recount goes on; must equal those kept."""
    counted = {} if days is None else days
    for row in rows:
        if contributions := row.contributions():
            counted.setdefault(row.day, Counter()).update(contributions)
    return counted


@dataclass(frozen=True)
class Page:
    """Some rows in order of key, and where to go on."""

    rows: Sequence[LedgerRow]
    continuation: str | None


@dataclass(frozen=True)
class CorrectionPage:
    """Some corrections in order of id, and where to go on."""

    corrections: Sequence[Correction]
    continuation: str | None


@dataclass(frozen=True)
class Books:
    """A month's counters as of one moment: per day (yyyy-mm-dd) those that are not zero, and those of corrections.

    `closed_at` is None while the month is open. `stamp` is another one after each posting.
    """

    days: Mapping[str, DayCounts]
    corrections: DayCounts
    closed_at: datetime | None
    stamp: str


class BooksChanged(Exception):
    """Something was posted, or the month was closed, since its books were read."""


class Ledger(Protocol):
    """The port to the ledger. A month that was closed never changes again."""

    async def post(self, tenant_id: str, row: LedgerRow) -> None:
        """In one transaction write the row and adjust its days, unless a row of this or a higher revision is there.

        Raises DayClosed where the month is closed; then nothing was written.
        """
        ...

    async def correct(self, tenant_id: str, correction: Correction) -> None:
        """In one transaction write the correction and adjust its month's counters of corrections, unless one of its id
        and of this or a higher revision is there. Raises DayClosed as `post` does.
        """
        ...

    async def books(self, tenant_id: str, month: str) -> Books:
        """The month's counters, at most 32 documents."""
        ...

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        """Close the month for good, in one transaction, if its books are as they were read. Raises BooksChanged."""
        ...

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        """In one transaction set all counters of these days, and under `corrections` those of corrections.

        Raises BooksChanged where the month is closed, or where something was posted to one of them since the books
        were read (or to another day of the month, where the store cannot tell); then nothing was written.
        """
        ...

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        """The conversation's row in the month, be it a tombstone."""
        ...

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        """A page of rows in order of conversation key; tombstones are left out."""
        ...

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        """The correction of this id in the books of the month, be it one that was taken back."""
        ...

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        """A page of corrections in order of id; those that were taken back are left out."""
        ...

    async def months(self, tenant_id: str) -> Sequence[str]:
        """Every month (yyyy-mm) with a row or a correction, or closed without any, oldest first."""
        ...
