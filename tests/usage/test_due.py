"""What corrections make due: the difference in a closed month's own overage, divided among bots without a rest."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tenants.configuration import Licence
from shared.usage.apportionment import apportion
from shared.usage.due import Due, due, due_in
from shared.usage.ledger import DayCounts
from shared.usage.posting import booked_contribution, correction
from tests.builders import contoso, history
from tests.fakes import MemoryLedger
from tests.usage.test_ledger_row import row

BOTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 90), max_size=4)


def counts(by_bot: dict[str, int]) -> DayCounts:
    return {("counted", ""): sum(by_bot.values()), **{("byBot", bot): n for bot, n in by_bot.items()}}


def changed(before: dict[str, int], after: dict[str, int], pool: int) -> Due:
    """What is due for a month that had sessions of these bots, and has others with its corrections."""
    steps = {bot: after.get(bot, 0) - before.get(bot, 0) for bot in {*before, *after}}
    return due("2026-12", "UTC", pool, counts(before), counts(steps))


@pytest.mark.parametrize(
    ("before", "after", "sessions", "add_ons"),
    [
        (10, 11, 0, 0),  # the pool covers what came late
        (49, 50, 0, 0),
        (50, 51, 1, 1),
        (51, 50, -1, -1),
        (60, 40, -10, -1),
        (0, 0, 0, 0),
        (150, 151, 1, 1),  # a hundred beyond the pool need one add-on, one more needs another
        (149, 150, 1, 0),
        (251, 120, -131, -2),
    ],
)
def test_what_is_due_is_the_difference_in_the_months_own_overage(
    before: int, after: int, sessions: int, add_ons: int
) -> None:
    made = changed({"a": before}, {"a": after}, 50)
    assert (made.before, made.after, made.pool) == (before, after, 50)
    assert (made.sessions, made.add_ons) == (sessions, add_ons)
    assert made.by_bot == ({"a": sessions} if sessions else {})


def test_a_session_of_another_bot_moves_what_was_invoiced_to_it() -> None:
    # given a month whose sessions are all beyond its pool, of which one turns out to be another bot's
    made = changed({"a": 3}, {"a": 2, "b": 1}, 0)
    # then nothing is due, and the one bot's share becomes the other's
    assert (made.sessions, made.by_bot) == (0, {"a": -1, "b": 1})


@given(st.lists(BOTS, min_size=2, max_size=5), st.integers(0, 200))
def test_however_often_a_month_is_corrected_its_bots_have_their_shares_of_its_overage(
    steps: list[dict[str, int]], pool: int
) -> None:
    # given a month that is invoiced as it is first known, and corrected again and again
    first, last = steps[0], steps[-1]
    invoiced = apportion(max(0, sum(first.values()) - pool), first)
    for before, after in pairwise(steps):
        made = changed(before, after, pool)
        assert sum(made.by_bot.values()) == made.sessions
        invoiced = {bot: invoiced.get(bot, 0) + made.by_bot.get(bot, 0) for bot in {*invoiced, *made.by_bot}}
    # then each bot has in all what it would have had if all had been known at once
    expected = apportion(max(0, sum(last.values()) - pool), last)
    assert {bot: n for bot, n in invoiced.items() if n} == {bot: n for bot, n in expected.items() if n}


async def test_each_closed_month_has_its_own_time_zone_and_pool() -> None:
    # Given a tenant that moved from Berlin to New York in December, with other licences and an add-on
    two, one = (
        contoso().model_copy(
            update={"time_zone": zone, "licences": (Licence(product="Chat", quantity=n, effective=date(2026, 1, 1)),)}
        )
        for zone, n in (("Europe/Berlin", 2), ("America/New_York", 1))
    )
    versions = history(two.model_copy(update={"add_ons": ()}), ("2026-12-10T00:00:00Z", one))
    # When sessions of November, December and January become known in February
    ledger = MemoryLedger()
    for month in ("2026-11", "2026-12", "2027-01"):
        late = row(month, day=f"{month}-05")
        await ledger.correct("contoso", correction("2027-02", booked_contribution(None), late, None))
    made = await due_in(ledger, "contoso", "2027-02", await ledger.books("contoso", "2027-02"), versions)
    # Then each is rated by what held for its month
    assert [(each.month, each.time_zone, each.pool) for each in made] == [
        ("2026-11", "Europe/Berlin", 100),
        ("2026-12", "Europe/Berlin", 150),
        ("2027-01", "America/New_York", 150),
    ]
