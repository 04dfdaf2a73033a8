"""Corrections: changes of a closed month, booked as documents in a later month."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from pydantic import TypeAdapter

from shared.contributions.counters import not_zero
from shared.contributions.row import Occasion, Row
from shared.wire import ExactModel, replace

CORRECTIONS = "corrections"
"""The measure that counts corrections; also their heading among a month's days."""
CORRECTION = "correction"
"""The kind of a ledger's totals of corrections."""
BOOKED = "booked"
"""The standing of corrections."""

CorrectionReason = Literal["late", "counts", "recalled", "changed", "moved"]
"""Why a closed month is corrected. `late`: the conversation came after the closing. `counts`, `recalled`: it turned out
to count, or not to. `changed`: its day, bot, channel, work stream or reason did. `moved`: to another month."""


class Change(ExactModel):
    """By how much a correction changes one counter of a day (yyyy-mm-dd) in a closed month."""

    day: str
    measure: str
    dimension: str
    change: int


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

    @property
    def heading(self) -> str:
        return CORRECTIONS

    def contributions(self) -> Counter[tuple[str, str]]:
        """What the correction adds to its month's counters of corrections, by (measure, dimension).

        They are kept apart by origin month, whose name stands behind the measure.
        """
        totals: Counter[tuple[str, str]] = Counter({(CORRECTIONS, ""): 1} if self.changes else {})
        for change in self.changes:
            totals[change.measure, change.dimension] += change.change
        return Counter({(f"{measure}-{self.origin_month}", name): n for (measure, name), n in not_zero(totals).items()})


def correction_count(counters: Mapping[tuple[str, str], int]) -> int:
    """The number of corrections, from a month's counters of corrections."""
    return sum(counts[CORRECTIONS, ""] for counts in by_origin(counters).values())


def by_origin(counters: Mapping[tuple[str, str], int]) -> Mapping[str, Counter[tuple[str, str]]]:
    """A month's counters of corrections, by the month (yyyy-mm) that they correct, the earliest first."""
    origins: dict[str, Counter[tuple[str, str]]] = {}
    for (name, dimension), n in counters.items():
        measure, _, origin = name.partition("-")
        origins.setdefault(origin, Counter())[measure, dimension] = n
    return dict(sorted(origins.items()))


_CORRECTION: TypeAdapter[Correction] = TypeAdapter(Correction)


def written_correction(correction: Correction) -> Row:
    """The correction as what is stored; one that was taken back is a tombstone."""
    standing = BOOKED if correction.changes else None
    return Row(key=correction.id, revision=correction.revision, standing=standing, content=correction.to_json())


def read_correction(row: Row) -> Correction:
    """The correction that was stored."""
    return replace(_CORRECTION.validate_json(row.content), revision=row.revision)
