"""Corrections: what changes a closed month, as documents in the books of a later month."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from shared.wire import WireModel

CORRECTIONS = "corrections"
"""The measure that counts corrections, and, among a month's days, the name of the counters that they add up to."""

Name = TypeVar("Name")

CorrectionReason = Literal["late", "counts", "recalled", "changed", "moved"]
"""Why a closed month is corrected: its conversation came after the closing; turned out to count; turned out not to
count; counts under another day, bot, channel, work stream or reason; or turned out to belong to another month."""


class Change(WireModel):
    """By how much a correction changes one counter of a day (yyyy-mm-dd) in a closed month."""

    day: str
    measure: str
    dimension: str
    change: int


class Occasion(WireModel):
    """The fact whose recording changed what a conversation contributes: its id, its type, and when it arrived."""

    fact_id: str
    type: str
    received_at: str


def correction_id(origin_month: str, key: str) -> str:
    """What a correction of this closed month and conversation is called within its month."""
    return f"{origin_month}:{key}"


class Correction(WireModel):
    """What a conversation contributes to a closed month, as a difference to all that stands for it in closed books.

    It stands in the books of `month`; `day` of `origin_month` is where the conversation belongs. `sessions` is the
    difference in counted sessions. One without `changes` has been taken back: it only keeps its revision.
    """

    month: str
    recorded_at: str | None
    reason: CorrectionReason | None
    conversation_id: str
    key: str
    origin_month: str
    day: str
    occasion: Occasion | None
    sessions: int
    changes: tuple[Change, ...]
    revision: int

    @property
    def id(self) -> str:
        """Its name within its month: one per closed month and conversation."""
        return correction_id(self.origin_month, self.key)

    def contributions(self) -> Counter[tuple[str, str]]:
        """What it adds to its month's counters of corrections."""
        totals: Counter[tuple[str, str]] = Counter({(CORRECTIONS, ""): 1} if self.changes else {})
        for change in self.changes:
            totals[change.measure, change.dimension] += change.change
        return not_zero(totals)


def correction_adjustments(old: Correction | None, new: Correction) -> Counter[tuple[str, str]]:
    """What to add to the counters of corrections when `new` replaces `old`."""
    steps = new.contributions()
    if old is not None:
        steps.subtract(old.contributions())
    return not_zero(steps)


def recount_corrections(
    corrections: Iterable[Correction], counted: Mapping[tuple[str, str], int] | None = None
) -> Counter[tuple[str, str]]:
    """The counters that the corrections add up to, on top of `counted`; must equal those kept."""
    totals = Counter(counted or {})
    for correction in corrections:
        totals.update(correction.contributions())
    return not_zero(totals)


def not_zero(counts: Mapping[Name, int]) -> Counter[Name]:
    """The counters that are not zero; sums of counters may hold others."""
    return Counter({name: n for name, n in counts.items() if n})
