"""Posting a row, also to a month that is closed: then it becomes a correction in the earliest later month that is open.

For a closed month, what stands for a conversation in closed books is its row there, and its corrections in the closed
months after it. A correction is the difference to what the conversation truly contributes. It replaces an earlier one
of the same month and conversation while its own month is open, and builds on it when that is closed, too. So rows and
corrections together are always what the facts make them, however often and in whatever order rows come.
"""

from collections import Counter
from dataclasses import dataclass

from shared.errors import DayClosed
from shared.usage.correction import Change, Correction, CorrectionReason, Occasion, not_zero
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.period import following

Counts = Counter[tuple[str, str, str]]
"""Counters by (day, measure, dimension)."""


@dataclass(frozen=True)
class BookedContribution:
    """What closed books say of one conversation in one month, and the highest revision that they know (0: none)."""

    counts: Counts
    revision: int

    def with_correction(self, correction: Correction) -> "BookedContribution":
        """What they say with a correction."""
        counts = Counter(self.counts)
        for change in correction.changes:
            counts[change.day, change.measure, change.dimension] += change.change
        return BookedContribution(not_zero(counts), max(self.revision, correction.revision))


def booked_contribution(row: LedgerRow | None) -> BookedContribution:
    """What the row says alone."""
    if row is None:
        return BookedContribution(Counter(), 0)
    return BookedContribution(Counter({(row.day, *name): n for name, n in row.contributions().items()}), row.revision)


def correction(month: str, booked: BookedContribution, row: LedgerRow, occasion: Occasion | None) -> Correction:
    """What the books of `month` have to say, so that the row's closed month counts the row."""
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


async def post_or_correct(ledger: Ledger, tenant_id: str, row: LedgerRow, occasion: Occasion | None) -> None:
    """Post the row to its month, or else correct it. Again, or with a lower revision later, it changes nothing."""
    try:
        await ledger.post(tenant_id, row)
    except DayClosed:
        await _correct(ledger, tenant_id, row, occasion)


async def _correct(ledger: Ledger, tenant_id: str, row: LedgerRow, occasion: Occasion | None) -> None:
    """Only what is closed is read, so nothing can change between reading and writing."""
    booked = booked_contribution(await ledger.row(tenant_id, row.month, row.key))
    month = row.month
    while booked.revision < row.revision:
        month = following(month)
        made = correction(month, booked, row, occasion)
        try:
            # One that changes nothing is written, too: a lower revision that comes later must find it.
            await ledger.correct(tenant_id, made)
        except DayClosed:
            there = await ledger.correction(tenant_id, month, made.id)
            booked = booked.with_correction(there) if there else booked
        else:
            return


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
