"""The ledger: one row per policy, month and conversation, and the day counters that the rows add up to.

Counting is posting a row (`shared/contributions/row.py`). The transaction that writes it subtracts the old row from the
counters of its day and adds the new one, so posting twice, or late, changes nothing.

A month is closed for good. A later change becomes a correction in the books of a later month that is open
(`shared/usage/posting.py`), keyed by the closed month and the conversation, with counters of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from pydantic import TypeAdapter

from shared.contributions.row import Row, Total
from shared.conversations.bot_activity import BotActivity, Invocation
from shared.personal_data import Deleted, keeps
from shared.usage.correction import Correction
from shared.usage.rating import Uncounted
from shared.wire import ExactModel, replace

Exclusion = Literal[Uncounted, "moved"]
"""Why a conversation does not count. `moved`: it turned out to belong to another month (the row is a tombstone)."""

SESSIONS = "session"
"""The kind of a ledger's totals of rows."""
COUNTED, EXCLUDED = "counted", "excluded"
"""The standings of rows."""


class LedgerRow(ExactModel):
    """What one conversation contributes to a month by `policy`. `excluded` is None for a counted bot session.

    `activity` is what the policy rated, so that another policy can rate it, too.
    """

    policy: str
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
    activity: BotActivity

    @property
    def heading(self) -> str:
        return self.day

    @property
    def total(self) -> Total:
        """What the row is added to. A policy's next version replaces its rows, so the version is no part of it."""
        return Total(kind=SESSIONS, policy=self.policy.partition("/")[0], period=self.month)

    def without_turns(self) -> "LedgerRow":
        """This row without what is posted only together with something else."""
        return replace(self, activity=self.activity.without_turns())

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
                # A session counts under the bot that was invoked first, so that the parts add up to the whole.
                ("byBot", self.bots[0]): 1,
                ("byChannel", channel): 1,
                ("byWorkStream", self.work_stream or "unknown"): 1,
            }
        )


DayCounts = Mapping[tuple[str, str], int]
"""A day's counters by (measure, dimension)."""

_ROW: TypeAdapter[LedgerRow] = TypeAdapter(LedgerRow)


def written_row(row: LedgerRow) -> Row:
    """The ledger row as what is stored."""
    standing = EXCLUDED if row.excluded else COUNTED
    return Row(
        key=row.key,
        revision=row.revision,
        standing=None if row.excluded == "moved" else standing,
        content=row.to_json(),
    )


def standings(counted: bool | None) -> tuple[str, ...]:
    """The standings of the rows that count (True), that do not (False), or of all."""
    return {None: (COUNTED, EXCLUDED), True: (COUNTED,), False: (EXCLUDED,)}[counted]


def read_row(row: Row) -> LedgerRow:
    """The ledger row that was stored."""
    return replace(_ROW.validate_json(row.content), revision=row.revision)


@dataclass(frozen=True)
class Page:
    """Some rows in order of key. `continuation` asks for the next page; None: there is none."""

    rows: Sequence[LedgerRow]
    continuation: str | None


@dataclass(frozen=True)
class CorrectionPage:
    """Some corrections in order of id. `continuation` asks for the next page; None: there is none."""

    corrections: Sequence[Correction]
    continuation: str | None


@dataclass(frozen=True)
class Books:
    """A month's counters that are not zero, at one moment: by day (yyyy-mm-dd), and those of corrections (`by_origin`).

    `closed_at` is None while the month is open. `stamp` changes with each posting.
    """

    days: Mapping[str, DayCounts]
    corrections: DayCounts
    closed_at: datetime | None
    stamp: str


class BooksChanged(Exception):
    """The month was posted to, or closed, since its books were read."""


@keeps(
    "nothing that names a person: the conversation's key, which is made of a pseudonym, its bots, channel and times",
    found_by="the conversation's key",
    deleted=Deleted.BY_NOTHING,
    stays="the row, which finance may ask about",
)
class Ledger(Protocol):
    """The port to the ledger of one policy. A closed month never changes again."""

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        """In one transaction write the row and adjust its days, unless one of this or a higher revision is stored.

        Returns what `Rows.put` does. Raises DayClosed if the month is closed; then nothing was written.
        """
        ...

    async def correct(self, tenant_id: str, correction: Correction) -> int:
        """In one transaction write the correction and adjust its month's counters of corrections, unless one of its id
        and of this or a higher revision is stored. Returns and raises as `post` does.
        """
        ...

    async def books(self, tenant_id: str, month: str) -> Books:
        """The month's counters; reads at most 32 documents."""
        ...

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        """Close the month for good, in one transaction. Raises BooksChanged if its books are not as they were read."""
        ...

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        """In one transaction set all counters of these days, and under `corrections` those of corrections.

        Raises BooksChanged if the month is closed, or if one of these days was posted to since the books were read
        (a store may refuse after a posting to any day of the month); then nothing was written.
        """
        ...

    async def row(self, tenant_id: str, month: str, key: str) -> LedgerRow | None:
        """The conversation's row in the month, even a tombstone; None if there is none."""
        ...

    async def rows(self, tenant_id: str, month: str, counted: bool | None, after: str | None, limit: int) -> Page:
        """A page without tombstones. With `counted`, only rows that count (True), or do not (False)."""
        ...

    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        """The correction of this id in the month's books, even if it was taken back; None if there is none."""
        ...

    async def corrections(self, tenant_id: str, month: str, after: str | None, limit: int) -> CorrectionPage:
        """A page of corrections, without those that were taken back."""
        ...

    async def months(self, tenant_id: str) -> Sequence[str]:
        """Every month (yyyy-mm) that has a row or a correction or is closed, oldest first."""
        ...
