"""Posting a row. A row of a closed month becomes a correction in the earliest later month that is open.

A month before the tenant's first one counts as closed and empty.

Closed books count a conversation of a closed month by its row there and by its corrections in the closed months after
it. A correction is the difference between that and what the conversation truly contributes. It replaces an earlier
correction while that one's month is open, and adds to it once that month is closed, too. So rows and corrections
together always say what the facts say, however often and in whatever order rows come.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from shared.contributions.counters import not_zero
from shared.contributions.row import Occasion
from shared.errors import DayClosed
from shared.usage.correction import Change, Correction, CorrectionReason
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.period import following

Counts = Counter[tuple[str, str, str]]
"""Counters by (day, measure, dimension)."""


@dataclass(frozen=True)
class BookedContribution:
    """What closed books count for one conversation in one month, and their highest revision of it (0: none)."""

    counts: Counts
    revision: int

    def with_correction(self, correction: Correction) -> "BookedContribution":
        """The contribution with a correction added."""
        counts = Counter(self.counts)
        for change in correction.changes:
            counts[change.day, change.measure, change.dimension] += change.change
        return BookedContribution(not_zero(counts), max(self.revision, correction.revision))


def booked_contribution(row: LedgerRow | None) -> BookedContribution:
    """The contribution of the row alone; nothing without a row."""
    if row is None:
        return BookedContribution(Counter(), 0)
    return BookedContribution(Counter({(row.day, *name): n for name, n in row.contributions().items()}), row.revision)


def correction(month: str, booked: BookedContribution, row: LedgerRow, occasion: Occasion | None) -> Correction:
    """The correction in the books of `month`: the difference between what the row counts and what is booked of it."""
    truth = booked_contribution(row)
    steps = Counter(truth.counts)
    steps.subtract(booked.counts)
    changes = tuple(
        Change(day=day, measure=measure, dimension=dimension, change=step)
        for (day, measure, dimension), step in sorted(not_zero(steps).items())
    )
    return Correction(
        month=month,
        recorded_at=occasion.received_at if occasion else None,
        reason=_reason(booked, truth) if changes else None,
        conversation_id=row.conversation_id,
        key=row.key,
        origin_month=row.month,
        day=row.day,
        occasion=occasion,
        sessions=_sessions(truth) - _sessions(booked),
        changes=changes,
        revision=row.revision,
    )


async def post_or_correct(
    ledger: Ledger, tenant_id: str, row: LedgerRow, occasion: Occasion | None, first_month: str
) -> int:
    """Post the row to its month, or correct a closed one. Posting the same or a lower revision changes nothing.

    Returns the revision of another row or correction that stands instead; 0 if none does.
    """
    if row.month >= first_month:
        with suppress(DayClosed):
            return await ledger.post(tenant_id, row)
    return await _correct(ledger, tenant_id, row, occasion, max(following(row.month), first_month))


async def _correct(ledger: Ledger, tenant_id: str, row: LedgerRow, occasion: Occasion | None, earliest: str) -> int:
    """Write the correction into the first month from `earliest` on that is open.

    Reads closed months only, so nothing can change between reading and writing.
    """
    booked = booked_contribution(await ledger.row(tenant_id, row.month, row.key))
    month = earliest
    while booked.revision < row.revision:
        new = correction(month, booked, row, occasion)
        try:
            # A correction without changes is written, too: a lower revision that comes later must find it.
            return await ledger.correct(tenant_id, new)
        except DayClosed:
            stored = await ledger.correction(tenant_id, month, new.id)
            booked = booked.with_correction(stored) if stored else booked
            month = following(month)
    return booked.revision


def _sessions(booked: BookedContribution) -> int:
    return sum(n for (_, measure, _), n in booked.counts.items() if measure == "counted")


def _reason(booked: BookedContribution, truth: BookedContribution) -> CorrectionReason:
    if not truth.counts:
        return "moved"
    if not booked.revision:
        return "late"
    before, after = _sessions(booked), _sessions(truth)
    if before != after:
        return "counts" if after else "recalled"
    return "changed"
