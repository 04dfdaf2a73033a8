"""Corrections: changes of a closed month, booked as documents in a later month."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from shared.wire import ExactModel

CORRECTIONS = "corrections"
"""The measure that counts corrections; also the key, among a month's days, of the counters of corrections."""

Name = TypeVar("Name")

CorrectionReason = Literal["late", "counts", "recalled", "changed", "moved"]
"""Why a closed month is corrected. `late`: the conversation came after the closing. `counts`, `recalled`: it turned out
to count, or not to. `changed`: its day, bot, channel, work stream or reason did. `moved`: to another month."""


class Change(ExactModel):
    """By how much a correction changes one counter of a day (yyyy-mm-dd) in a closed month."""

    day: str
    measure: str
    dimension: str
    change: int


class Occasion(ExactModel):
    """The fact whose recording changed what a conversation contributes: its id, its type, and when it arrived."""

    fact_id: str
    type: str
    received_at: str


def correction_id(origin_month: str, key: str) -> str:
    """The id, within its month, of the correction of this closed month and conversation key."""
    return f"{origin_month}:{key}"


class Correction(ExactModel):
    """The difference between what a conversation contributes to a closed month and what closed books count for it.

    It is booked in `month`; the conversation belongs to `day` of `origin_month`. `sessions` is the change in counted
    sessions. A correction without `changes` was taken back: it only keeps its revision.
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
        """The correction's id within its month: one per closed month and conversation."""
        return correction_id(self.origin_month, self.key)

    def contributions(self) -> Counter[tuple[str, str]]:
        """What the correction adds to its month's counters of corrections, by (measure, dimension)."""
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
    """The counters that the corrections add up to, added to `counted`; must equal the stored counters."""
    totals = Counter(counted or {})
    for correction in corrections:
        totals.update(correction.contributions())
    return not_zero(totals)


def not_zero(counts: Mapping[Name, int]) -> Counter[Name]:
    """The counters that are not zero; adding and subtracting counters may leave zeros."""
    return Counter({name: n for name, n in counts.items() if n})
