"""What every Ledger promises: a row once, the highest revision, counters that add up, and closed months that stay."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contributions.counters import recount
from shared.contributions.row import Occasion
from shared.conversations.bot_activity import BotActivity, Invocation
from shared.errors import DayClosed
from shared.events.envelope import parse_time
from shared.usage.correction import CORRECTIONS, Change, Correction, by_origin
from shared.usage.ledger import Books, BooksChanged, DayCounts, Exclusion, Ledger, LedgerRow

TENANT = "contoso"
OTHER_POLICY = "two-turns-2030"
OCTOBER, NOVEMBER = "2026-10", "2026-11"
BOT = ("counted", "")


def row(
    key: str = "c1",
    revision: int = 1,
    day: str = "2026-10-05",
    excluded: Exclusion | None = None,
    bots: tuple[str, ...] = ("contoso-bot",),
    channel: str | None = "webchat",
) -> LedgerRow:
    """A conversation's row; a counted session of one bot on the web chat unless said otherwise."""
    began = parse_time(f"{day}T10:00:00.123456Z")
    proof = None if excluded else Invocation(at=began, bot=bots[0], through="decision", fact_id="f1")
    return LedgerRow(
        policy="bot-session-2020/1",
        month=day[:7],
        day=day,
        conversation_id=f"id of {key}",
        key=key,
        revision=revision,
        excluded=excluded,
        started_at=f"{day}T10:00:00.123456Z",
        proof=proof,
        bots=() if excluded else bots,
        account="contoso-chat" if channel else None,
        channel=channel,
        work_stream="ChatWorkStream" if channel else None,
        escalated=revision % 2 == 0,
        activity=BotActivity(began_on=day, invocations=(proof,) if proof else (), turns={day: 3}),
    )


def plain(days: Mapping[str, DayCounts]) -> dict[str, dict[tuple[str, str], int]]:
    return {day: dict(counts) for day, counts in days.items()}


async def all_rows(ledger: Ledger, tenant_id: str, month: str, counted: bool | None = None) -> list[LedgerRow]:
    return list((await ledger.rows(tenant_id, month, counted, None, 1000)).rows)


async def test_a_posted_row_is_there_and_counted(ledger: Ledger) -> None:
    await ledger.post(TENANT, row())
    assert await all_rows(ledger, TENANT, OCTOBER) == [row()]
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == {
        "2026-10-05": {
            ("counted", ""): 1,
            ("byBot", "contoso-bot"): 1,
            ("byChannel", "contoso-chat/webchat"): 1,
            ("byWorkStream", "ChatWorkStream"): 1,
        }
    }


async def test_posting_a_row_again_changes_nothing(ledger: Ledger) -> None:
    for _ in range(3):
        await ledger.post(TENANT, row())
    assert (await ledger.books(TENANT, OCTOBER)).days["2026-10-05"][BOT] == 1


async def test_the_same_row_posted_by_many_at_once_counts_once(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.post(TENANT, row()) for _ in range(20)))
    assert (await ledger.books(TENANT, OCTOBER)).days["2026-10-05"][BOT] == 1


async def test_sessions_of_a_day_posted_at_once_all_count(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.post(TENANT, row(f"c{n}")) for n in range(50)))
    assert (await ledger.books(TENANT, OCTOBER)).days["2026-10-05"][BOT] == 50


@pytest.mark.parametrize("late", [1, 2])
async def test_only_a_higher_revision_replaces_a_row(ledger: Ledger, late: int) -> None:
    # Given a row of revision 2 that does not count
    await ledger.post(TENANT, row(revision=2, excluded="no_bot"))
    # When the same or a lower revision is posted, then it is ignored
    await ledger.post(TENANT, row(revision=late))
    assert await all_rows(ledger, TENANT, OCTOBER) == [row(revision=2, excluded="no_bot")]
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == {"2026-10-05": {("excluded", "no_bot"): 1}}
    # and when a higher one is posted, then it replaces the row and what it had given
    await ledger.post(TENANT, row(revision=3, bots=("second", "first")))
    assert await all_rows(ledger, TENANT, OCTOBER) == [row(revision=3, bots=("second", "first"))]
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == plain(recount([row(bots=("second",))]))


async def test_a_session_that_moves_within_the_month_moves_its_counters(ledger: Ledger) -> None:
    await ledger.post(TENANT, row(day="2026-10-05"))
    await ledger.post(TENANT, row(day="2026-10-04", revision=2))
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == plain(recount([row(day="2026-10-04")]))


async def test_a_session_that_moves_to_another_month_leaves_a_tombstone(ledger: Ledger) -> None:
    # Given a session of November
    await ledger.post(TENANT, row(day="2026-11-01"))
    # When it turns out to be October's, and its tombstone is posted
    tombstone = row(day="2026-11-01", revision=2, excluded="moved")
    await ledger.post(TENANT, row(day="2026-10-31", revision=2))
    await ledger.post(TENANT, tombstone)
    # Then October counts it, November neither counts nor lists it, and a late retry brings nothing back
    await ledger.post(TENANT, row(day="2026-11-01"))
    assert plain((await ledger.books(TENANT, NOVEMBER)).days) == {}
    assert await all_rows(ledger, TENANT, NOVEMBER) == []
    assert await all_rows(ledger, TENANT, NOVEMBER, counted=False) == []
    assert (await ledger.books(TENANT, OCTOBER)).days["2026-10-31"][BOT] == 1
    # and when it moves back, the tombstone gives way
    await ledger.post(TENANT, row(day="2026-11-01", revision=3))
    assert (await ledger.books(TENANT, NOVEMBER)).days["2026-11-01"][BOT] == 1


async def test_rows_come_in_pages_and_say_whether_they_count(ledger: Ledger) -> None:
    # Given ten conversations of which every third does not count, and one that has moved away
    posted = [
        row(f"c{n}", excluded="smart_assist_only" if n % 3 == 0 else None) for n in (7, 3, 9, 0, 1, 5, 8, 2, 4, 6)
    ]
    for one in [*posted, row("c55", excluded="moved")]:
        await ledger.post(TENANT, one)
    in_order = sorted(posted, key=lambda one: one.key)
    # Then pages of any size hold what is asked for, once, in order of key
    for counted in (None, True, False):
        expected = [one for one in in_order if counted in (None, one.excluded is None)]
        for limit in range(1, 12):
            found: list[LedgerRow] = []
            after = None
            for _ in range(20):
                page = await ledger.rows(TENANT, OCTOBER, counted, after, limit)
                assert len(page.rows) <= limit
                found += page.rows
                if (after := page.continuation) is None:
                    break
            assert found == expected


async def test_months_with_a_row_are_listed_oldest_first(ledger: Ledger) -> None:
    for day in ("2026-11-01", "2026-09-30", "2026-10-05", "2025-12-31", "2026-11-02"):
        await ledger.post(TENANT, row(key=day, day=day, excluded="no_bot" if day < "2026" else None))
    await ledger.post("fabrikam", row(day="2026-01-01"))
    assert list(await ledger.months(TENANT)) == ["2025-12", "2026-09", OCTOBER, NOVEMBER]


async def test_a_month_that_everything_moved_away_from_is_still_listed(ledger: Ledger) -> None:
    # Given a month whose report may have been written, and whose only session moved away since
    await ledger.post(TENANT, row(day="2026-11-01"))
    await ledger.post(TENANT, row(day="2026-11-01", revision=2, excluded="moved"))
    # Then it is listed, so that its report is written anew
    assert list(await ledger.months(TENANT)) == [NOVEMBER]


async def test_a_month_with_nothing_but_a_tombstone_has_a_row_and_is_listed(ledger: Ledger) -> None:
    # Given a session that moved away before its first row was posted, as after a crash
    await ledger.post(TENANT, row(day="2026-11-01", revision=2, excluded="moved"))
    # Then every adapter says the same of its month
    assert list(await ledger.months(TENANT)) == [NOVEMBER]


async def test_tenants_never_see_each_others_rows(ledger: Ledger) -> None:
    await ledger.post(TENANT, row())
    await ledger.post("fabrikam", row(revision=5, day="2026-10-06"))
    assert await all_rows(ledger, TENANT, OCTOBER) == [row()]
    assert list((await ledger.books(TENANT, OCTOBER)).days) == ["2026-10-05"]
    assert list((await ledger.books("fabrikam", OCTOBER)).days) == ["2026-10-06"]
    assert list(await ledger.months("nobody")) == []


async def test_policies_count_side_by_side(ledger: Ledger, other_ledger: Ledger) -> None:
    # Given a conversation that one policy counts, and another one does not
    other = row(revision=2, excluded="no_bot").model_copy(update={"policy": f"{OTHER_POLICY}/1"})
    await ledger.post(TENANT, row())
    await other_ledger.post(TENANT, other)
    # Then each has its row, its counters and its months
    for books, expected in ((ledger, row()), (other_ledger, other)):
        assert await all_rows(books, TENANT, OCTOBER) == [expected]
        assert plain((await books.books(TENANT, OCTOBER)).days) == plain(recount([expected]))
        assert list(await books.months(TENANT)) == [OCTOBER]
    # and closing one's month leaves the other's open
    await closed(ledger, OCTOBER)
    assert (await other_ledger.books(TENANT, OCTOBER)).closed_at is None
    await other_ledger.post(TENANT, other.model_copy(update={"revision": 3}))


async def test_a_row_that_does_not_stand_is_told_who_does(ledger: Ledger) -> None:
    assert await ledger.post(TENANT, row()) == 0
    assert await ledger.post(TENANT, row()) == 0
    assert await ledger.post(TENANT, row(excluded="no_bot")) == 1
    assert await ledger.post(TENANT, row(revision=4)) == 0
    assert await ledger.post(TENANT, row(revision=3)) == 4
    assert await ledger.correct(TENANT, corrected(revision=5)) == 0
    assert await ledger.correct(TENANT, corrected(revision=5)) == 0
    assert await ledger.correct(TENANT, corrected(revision=4)) == 5


TENANTS = (f"tenant-{n}" for n in count())
_rows = st.builds(
    row,
    key=st.sampled_from(["a", "b", "c"]),
    revision=st.integers(1, 5),
    day=st.sampled_from(["2026-10-30", "2026-10-31", "2026-11-01"]),
    excluded=st.sampled_from([None, None, "no_bot", "smart_assist_only", "moved"]),
    bots=st.sampled_from([("x",), ("y", "x"), ("counted",)]),
    channel=st.sampled_from(["webchat", "app", None]),
)


@given(posts=st.lists(_rows, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_after_any_posts_the_counters_are_what_the_rows_add_up_to(ledger: Ledger, posts: list[LedgerRow]) -> None:
    # Given any rows posted in any order, in a tenant of their own; the first of the highest revision stands
    tenant_id = next(TENANTS)
    standing: dict[tuple[str, str], LedgerRow] = {}
    for one in posts:
        await ledger.post(tenant_id, one)
        known = standing.get((one.month, one.key))
        if known is None or one.revision > known.revision:
            standing[one.month, one.key] = one
    for month in (OCTOBER, NOVEMBER):
        expected = [one for (at, _), one in sorted(standing.items()) if at == month]
        # Then the rows are those that stand, but for tombstones, and the counters are a recount of them
        assert await all_rows(ledger, tenant_id, month) == [one for one in expected if one.excluded != "moved"]
        assert plain((await ledger.books(tenant_id, month)).days) == plain(recount(expected))


AT = parse_time("2026-11-09T02:30:00.000001Z")


def corrected(
    key: str = "c1", revision: int = 5, sessions: int = 1, month: str = NOVEMBER, bot: str = "contoso-bot"
) -> Correction:
    """A correction of a conversation of October that stands in November; one of no sessions was taken back."""
    names = (("counted", ""), ("byBot", bot)) if sessions else ()
    return Correction(
        month=month,
        recorded_at="2026-11-20T10:00:00Z",
        reason="late" if sessions else None,
        conversation_id=f"id of {key}",
        key=key,
        origin_month=OCTOBER,
        day="2026-10-05",
        occasion=Occasion(fact_id="f1", type="conversation.started", received_at="2026-11-20T10:00:00Z"),
        sessions=sessions,
        changes=tuple(Change(day="2026-10-05", measure=m, dimension=d, change=sessions) for m, d in names),
        revision=revision,
    )


async def closed(ledger: Ledger, month: str, tenant_id: str = TENANT) -> Books:
    await ledger.close(tenant_id, month, await ledger.books(tenant_id, month), AT)
    return await ledger.books(tenant_id, month)


async def all_corrections(ledger: Ledger, month: str) -> list[Correction]:
    return list((await ledger.corrections(TENANT, month, None, 1000)).corrections)


@pytest.mark.parametrize(
    "late",
    [
        row("c2"),
        row(revision=2, excluded="no_bot"),
        row(revision=2).model_copy(update={"bots": ("contoso-bot", "second")}),
        row(revision=2, day="2026-10-31"),
        row(revision=2, excluded="moved"),
    ],
    ids=["new", "recalled", "another bot", "another day", "moved"],
)
async def test_a_closed_month_never_changes(ledger: Ledger, late: LedgerRow) -> None:
    # Given a month that was closed, with a row
    await ledger.post(TENANT, row())
    books = await closed(ledger, OCTOBER)
    assert books.closed_at == AT
    # When another row is posted, or that one is changed, then it is refused
    with pytest.raises(DayClosed):
        await ledger.post(TENANT, late)
    # and nothing of it is there; posting again what is there is no change
    await ledger.post(TENANT, row())
    assert await ledger.books(TENANT, OCTOBER) == books
    assert await all_rows(ledger, TENANT, OCTOBER) == [row()]
    # and other months and tenants go on
    await ledger.post(TENANT, row(day="2026-11-01"))
    await ledger.post("fabrikam", row())


async def test_a_month_without_rows_can_be_closed_and_takes_no_first_row(ledger: Ledger) -> None:
    books = await closed(ledger, OCTOBER)
    assert (books.days, dict(books.corrections), books.closed_at) == ({}, {}, AT)
    with pytest.raises(DayClosed):
        await ledger.post(TENANT, row())
    with pytest.raises(DayClosed):
        await ledger.correct(TENANT, corrected(month=OCTOBER))
    assert await ledger.row(TENANT, OCTOBER, "c1") is None
    assert list(await ledger.months(TENANT)) == [OCTOBER]


@pytest.mark.parametrize(
    "later", [row("c2"), row(revision=2).model_copy(update={"bots": ("contoso-bot", "b")}), row(revision=2)]
)
async def test_a_post_that_was_not_counted_keeps_a_month_from_closing(ledger: Ledger, later: LedgerRow) -> None:
    # Given books that were read, and a post after that, be it one that changes no counter
    await ledger.post(TENANT, row())
    read = await ledger.books(TENANT, OCTOBER)
    await ledger.post(TENANT, later)
    # When the month is to be closed as it was read, then it stays open
    with pytest.raises(BooksChanged):
        await ledger.close(TENANT, OCTOBER, read, AT)
    await ledger.post(TENANT, row("c3"))
    # and the first post, or the first correction, of a month that was read without any does the same
    for first, read in (("row", await ledger.books(TENANT, "2026-12")), ("no", await ledger.books(TENANT, NOVEMBER))):
        await (ledger.post(TENANT, row(day="2026-12-01")) if first == "row" else ledger.correct(TENANT, corrected()))
        with pytest.raises(BooksChanged):
            await ledger.close(TENANT, "2026-12" if first == "row" else NOVEMBER, read, AT)


async def test_a_month_is_closed_once(ledger: Ledger) -> None:
    await ledger.post(TENANT, row())
    read = await ledger.books(TENANT, OCTOBER)
    # When it is closed by several at once, then by one of them
    outcomes = await asyncio.gather(
        *(ledger.close(TENANT, OCTOBER, read, AT + timedelta(seconds=n)) for n in range(5)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BooksChanged"] * 4 + ["NoneType"]
    # and its closing time is that of the one
    won = outcomes.index(None)
    assert (await ledger.books(TENANT, OCTOBER)).closed_at == AT + timedelta(seconds=won)


async def test_of_posts_and_a_closing_that_race_each_post_is_counted_or_refused(ledger: Ledger) -> None:
    # Given a month that many post to
    await ledger.post(TENANT, row("first"))

    async def close() -> None:
        for _ in range(1000):
            try:
                await ledger.close(TENANT, OCTOBER, await ledger.books(TENANT, OCTOBER), AT)
            except BooksChanged:
                continue
            return

    # When it is closed meanwhile
    posts = [ledger.post(TENANT, row(f"c{n}")) for n in range(40)]
    outcomes = await asyncio.gather(*posts[:20], close(), *posts[20:], return_exceptions=True)
    # Then what was posted is counted, and what was refused is not there
    rows = await all_rows(ledger, TENANT, OCTOBER)
    assert len(rows) == 1 + sum(outcome == 0 for outcome in outcomes)
    assert {type(outcome) for outcome in outcomes} <= {type(None), int, DayClosed}
    books = await ledger.books(TENANT, OCTOBER)
    assert books.closed_at == AT
    assert plain(books.days) == plain(recount(rows))


async def test_a_correction_stands_in_its_month_beside_the_days(ledger: Ledger) -> None:
    # Given a month without rows, and one with a row
    await ledger.post(TENANT, row(day="2026-12-01"))
    for month in (NOVEMBER, "2026-12"):
        # When a correction is posted, again and again
        for _ in range(2):
            await ledger.correct(TENANT, corrected(month=month))
        # Then it is there, and counted once, apart from the sessions of the month
        books = await ledger.books(TENANT, month)
        assert await all_corrections(ledger, month) == [corrected(month=month)]
        assert await ledger.correction(TENANT, month, "2026-10:c1") == corrected(month=month)
        assert plain(by_origin(books.corrections)) == {
            OCTOBER: {("corrections", ""): 1, ("counted", ""): 1, ("byBot", "contoso-bot"): 1}
        }
        assert plain(books.days) == ({} if month == NOVEMBER else plain(recount([row(day="2026-12-01")])))
    assert await all_rows(ledger, TENANT, NOVEMBER) == []
    assert list(await ledger.months(TENANT)) == [NOVEMBER, "2026-12"]
    assert await ledger.correction("fabrikam", NOVEMBER, "2026-10:c1") is None


async def test_corrections_are_counted_by_the_month_that_they_correct(ledger: Ledger) -> None:
    # Given corrections of two closed months in the books of a third, of a bot whose name has all that parts a counter
    odd = "a-b_c 2026-10"
    for origin, key, sessions in ((OCTOBER, "c1", 1), ("2026-09", "c1", -1), ("2026-09", "c2", -1)):
        one = corrected(key, sessions=sessions, month="2026-12", bot=odd)
        await ledger.correct(TENANT, one.model_copy(update={"origin_month": origin}))
    # Then each month's are apart, the earliest month first
    origins = by_origin((await ledger.books(TENANT, "2026-12")).corrections)
    assert list(origins) == ["2026-09", OCTOBER]
    assert plain(origins) == {
        "2026-09": {("corrections", ""): 2, ("counted", ""): -2, ("byBot", odd): -2},
        OCTOBER: {("corrections", ""): 1, ("counted", ""): 1, ("byBot", odd): 1},
    }


async def test_only_a_higher_revision_replaces_a_correction(ledger: Ledger) -> None:
    # Given a correction that takes a session away, under a bot with an odd name
    await ledger.correct(TENANT, corrected(sessions=-1, bot="=Zoë 1"))
    # When one of the same or a lower revision comes, then it is ignored
    for revision in (5, 4):
        await ledger.correct(TENANT, corrected(revision=revision, sessions=1))
    assert by_origin((await ledger.books(TENANT, NOVEMBER)).corrections)[OCTOBER]["byBot", "=Zoë 1"] == -1
    # and when it is taken back, then nothing of it is counted or listed, and it is not forgotten
    await ledger.correct(TENANT, corrected(revision=6, sessions=0))
    assert dict((await ledger.books(TENANT, NOVEMBER)).corrections) == {}
    assert await all_corrections(ledger, NOVEMBER) == []
    await ledger.correct(TENANT, corrected(revision=5))
    assert await ledger.correction(TENANT, NOVEMBER, "2026-10:c1") == corrected(revision=6, sessions=0)
    await ledger.correct(TENANT, corrected(revision=7))
    assert await all_corrections(ledger, NOVEMBER) == [corrected(revision=7)]


async def test_a_closed_month_takes_no_correction(ledger: Ledger) -> None:
    await ledger.correct(TENANT, corrected())
    books = await closed(ledger, NOVEMBER)
    for one in (corrected("c2"), corrected(revision=6), corrected(revision=6, sessions=0)):
        with pytest.raises(DayClosed):
            await ledger.correct(TENANT, one)
    await ledger.correct(TENANT, corrected())
    assert await ledger.books(TENANT, NOVEMBER) == books
    assert await all_corrections(ledger, NOVEMBER) == [corrected()]


async def test_corrections_come_in_pages(ledger: Ledger) -> None:
    given_keys = [f"c{n}" for n in (7, 3, 9, 0, 1, 5, 8, 2, 4, 6)]
    for key in given_keys:
        await ledger.correct(TENANT, corrected(key, sessions=0 if key == "c4" else 1))
    expected = [corrected(key) for key in sorted(given_keys) if key != "c4"]
    for limit in range(1, 11):
        found: list[Correction] = []
        after = None
        for _ in range(20):
            page = await ledger.corrections(TENANT, NOVEMBER, after, limit)
            assert len(page.corrections) <= limit
            found += page.corrections
            if (after := page.continuation) is None:
                break
        assert found == expected


WRONG = {("counted", ""): 7, ("byBot", "=Zoë 1"): 7}


async def test_counters_are_restated_whatever_they_were(ledger: Ledger) -> None:
    # Given a month with two days and a correction
    await ledger.post(TENANT, row(day="2026-11-05"))
    await ledger.post(TENANT, row("c2", day="2026-11-06"))
    await ledger.correct(TENANT, corrected())
    before = await ledger.books(TENANT, NOVEMBER)
    # When counters are set: one day's, those of corrections, and those of a day that had none
    wrong = {"2026-11-05": WRONG, CORRECTIONS: WRONG, "2026-11-30": {("counted", ""): 1}}
    await ledger.restate(TENANT, NOVEMBER, before, wrong)
    # Then they are what they were set to, and nothing is left of what they were; the other day is untouched
    books = await ledger.books(TENANT, NOVEMBER)
    assert plain(books.days) == {
        "2026-11-05": WRONG,
        "2026-11-06": before.days["2026-11-06"],
        "2026-11-30": {("counted", ""): 1},
    }
    assert dict(books.corrections) == WRONG
    # and when they are set to what they were, then the books are as before, and go on
    right = {"2026-11-05": before.days["2026-11-05"], CORRECTIONS: before.corrections, "2026-11-30": {}}
    await ledger.restate(TENANT, NOVEMBER, books, right)
    again = await ledger.books(TENANT, NOVEMBER)
    assert (plain(again.days), dict(again.corrections)) == (plain(before.days), dict(before.corrections))
    await ledger.post(TENANT, row("c3", day="2026-11-05"))
    assert (await ledger.books(TENANT, NOVEMBER)).days["2026-11-05"][BOT] == 2


async def test_counters_that_were_posted_to_since_are_not_restated(ledger: Ledger) -> None:
    # Given books that were read, and a post to one of their days after that, be it one that changes no counter
    await ledger.post(TENANT, row())
    for later in (row("c2"), row(revision=2), row("c2", revision=2, day="2026-10-06")):
        read = await ledger.books(TENANT, OCTOBER)
        await ledger.post(TENANT, later)
        # When that day is to be set, alone or with another one, then nothing is
        for others in ({}, {"2026-10-31": WRONG}):
            with pytest.raises(BooksChanged):
                await ledger.restate(TENANT, OCTOBER, read, {"2026-10-05": WRONG, **others})
    rows = await all_rows(ledger, TENANT, OCTOBER)
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == plain(recount(rows))
    # and a restatement is no less than a post: what was read before it sets and closes nothing
    read = await ledger.books(TENANT, OCTOBER)
    await ledger.restate(TENANT, OCTOBER, read, {"2026-10-05": WRONG})
    with pytest.raises(BooksChanged):
        await ledger.restate(TENANT, OCTOBER, read, {"2026-10-05": {}})
    with pytest.raises(BooksChanged):
        await ledger.close(TENANT, OCTOBER, read, AT)


async def test_a_closed_month_is_not_restated(ledger: Ledger) -> None:
    await ledger.post(TENANT, row())
    open_books = await ledger.books(TENANT, OCTOBER)
    books = await closed(ledger, OCTOBER)
    for read in (open_books, books):
        with pytest.raises(BooksChanged):
            await ledger.restate(TENANT, OCTOBER, read, {"2026-10-05": WRONG})
    assert await ledger.books(TENANT, OCTOBER) == books


async def test_a_month_that_has_lost_its_counters_gets_them_again(ledger: Ledger) -> None:
    # Given a month without any
    read = await ledger.books(TENANT, OCTOBER)
    # When they are set, then they are there, and the month takes posts
    await ledger.restate(TENANT, OCTOBER, read, {"2026-10-05": WRONG})
    await ledger.post(TENANT, row("c1", day="2026-10-06"))
    assert plain((await ledger.books(TENANT, OCTOBER)).days) == {
        "2026-10-05": WRONG,
        **plain(recount([row(day="2026-10-06")])),
    }
    assert list(await ledger.months(TENANT)) == [OCTOBER]
