"""Posting to closed months: whatever comes in whatever order, rows and corrections together tell the truth."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contributions.row import Occasion
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.posting import BookedContribution, booked_contribution, correction, post_or_correct
from tests.fakes import MemoryLedger
from tests.usage.test_ledger_row import row

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"
AT = datetime(2026, 11, 9, tzinfo=UTC)
OCCASION = Occasion(fact_id="f9", type="conversation.ended", received_at="2026-11-20T12:00:00Z")


async def closed(ledger: Ledger, *months: str) -> None:
    for month in months:
        await ledger.close("contoso", month, await ledger.books("contoso", month), AT)


async def net(ledger: Ledger, row_month: str, key: str = "c1") -> Counter[tuple[str, str, str]]:
    """What rows and corrections of all months say together of one conversation in one month."""
    booked = booked_contribution(await ledger.row("contoso", row_month, key))
    for month in await ledger.months("contoso"):
        for one in (await ledger.corrections("contoso", month, None, 1000)).corrections:
            if (one.origin_month, one.key) == (row_month, key):
                booked = booked.with_correction(one)
    return booked.counts


@pytest.mark.parametrize(
    ("stood", "late", "reason", "sessions"),
    [
        (None, row(), "late", 1),
        (None, row(excluded="no_bot", bots=()), "late", 0),
        (row(excluded="no_bot", bots=()), row(revision=2), "counts", 1),
        (row(), row(revision=2, excluded="no_bot", bots=()), "recalled", -1),
        (row(), row(revision=2, excluded="moved"), "moved", -1),
        (row(), row(revision=2, bots=("b0", "b1")), "changed", 0),
        (row(), row(revision=2, day="2026-10-04"), "changed", 0),
        (row(excluded="no_bot"), row(revision=2, excluded="smart_assist_only"), "changed", 0),
        (row(), row(revision=2, escalated=True), None, 0),
    ],
)
def test_a_correction_says_why_and_by_how_much(
    stood: LedgerRow | None, late: LedgerRow, reason: str | None, sessions: int
) -> None:
    # Given what stands in a closed month, and a row that comes late
    made = correction(NOVEMBER, booked_contribution(stood), late, OCCASION)
    # Then both together are the late row, and the reason is told
    assert booked_contribution(stood).with_correction(made).counts == booked_contribution(late).counts
    assert (made.reason, made.sessions, made.recorded_at) == (reason, sessions, OCCASION.received_at)
    assert (made.origin_month, made.day, made.revision, bool(made.changes)) == (
        OCTOBER,
        late.day,
        late.revision,
        reason is not None,
    )


def test_what_was_known_before_is_not_late() -> None:
    known = BookedContribution(Counter(), 3)
    assert correction(NOVEMBER, known, row(revision=4), OCCASION).reason == "counts"


async def test_a_lower_revision_that_comes_after_a_higher_one_corrects_nothing() -> None:
    await check_a_lower_revision_that_comes_after_a_higher_one_corrects_nothing(MemoryLedger())


async def check_a_lower_revision_that_comes_after_a_higher_one_corrects_nothing(ledger: Ledger) -> None:
    # Given a closed month with a session, which is recalled, and counts again; the news come in the other order
    await ledger.post("contoso", row())
    await closed(ledger, OCTOBER)
    again, recalled = row(revision=3), row(revision=2, excluded="no_bot", bots=())
    await post_or_correct(ledger, "contoso", again, OCCASION, OCTOBER)
    await post_or_correct(ledger, "contoso", recalled, OCCASION, OCTOBER)
    # Then the session stands, also when the older news comes once more in the month after
    assert await net(ledger, OCTOBER) == booked_contribution(again).counts
    await closed(ledger, NOVEMBER)
    await post_or_correct(ledger, "contoso", recalled, OCCASION, OCTOBER)
    assert await net(ledger, OCTOBER) == booked_contribution(again).counts
    assert list(await ledger.months("contoso")) == [OCTOBER, NOVEMBER]


class ClosesFirst(MemoryLedger):
    """A ledger whose month is closed by somebody else just before the correction is written."""

    async def correct(self, tenant_id: str, correction: object) -> int:
        month = getattr(correction, "month", "")
        if month == NOVEMBER and (await self.books(tenant_id, month)).closed_at is None:
            await closed(self, NOVEMBER)
        return await super().correct(tenant_id, correction)  # type: ignore[arg-type]  # only its month was looked at


async def test_a_correction_that_races_with_the_closing_of_its_month_goes_to_the_next() -> None:
    ledger = ClosesFirst()
    await closed(ledger, OCTOBER)
    for _ in range(2):
        await post_or_correct(ledger, "contoso", row(), OCCASION, OCTOBER)
    assert (await ledger.corrections("contoso", NOVEMBER, None, 9)).corrections == []
    assert [one.reason for one in (await ledger.corrections("contoso", DECEMBER, None, 9)).corrections] == ["late"]


async def test_posting_to_an_open_month_writes_no_correction() -> None:
    ledger = MemoryLedger()
    await post_or_correct(ledger, "contoso", row(), OCCASION, OCTOBER)
    assert dict((await ledger.books("contoso", OCTOBER)).corrections) == {}
    assert list(await ledger.months("contoso")) == [OCTOBER]


_variants = st.sampled_from(
    [
        {},
        {"bots": ("b2", "b1")},
        {"day": "2026-10-04"},
        {"excluded": "no_bot", "bots": ()},
        {"excluded": "moved"},
        {"work_stream": None},
    ]
)


@given(variants=st.lists(_variants, min_size=1, max_size=8), data=st.data())
async def test_whatever_order_revisions_and_closings_have_the_highest_revision_is_what_counts(
    variants: list[dict[str, Any]], data: st.DataObject
) -> None:
    # Given revisions of one conversation, in any order and more than once, with closings in between
    rows = [row(revision=number, **variant) for number, variant in enumerate(variants, 1)]
    ledger = MemoryLedger()
    to_close = [OCTOBER, NOVEMBER, DECEMBER]
    posted: list[LedgerRow] = []
    order: list[LedgerRow] = data.draw(st.permutations(rows))
    again: list[LedgerRow] = data.draw(st.lists(st.sampled_from(rows), max_size=4))
    for one in [*order, *again]:
        if data.draw(st.booleans()) and to_close:
            await closed(ledger, to_close.pop(0))
        await post_or_correct(ledger, "contoso", one, OCCASION, OCTOBER)
        posted.append(one)
        # Then at any time the books say what the highest revision says
        truth = max(posted, key=lambda posted_row: posted_row.revision)
        assert await net(ledger, OCTOBER) == booked_contribution(truth).counts
