"""The forecast: what it says of a month's days, when it says nothing, and how well it would have done."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.usage.forecast import MINIMUM_DAYS, Forecast, forecast
from shared.usage.report import UsageReport
from tests.usage.back_test import SEEDS, Forecaster, Month, Score, as_of_morning, scores, table
from tests.usage.pages import a_correction, month_of

DOCUMENT = Path(__file__).parent.parent.parent / "docs/usage-page.md"
DAILY = st.lists(st.integers(0, 400), min_size=31, max_size=31)


def on_the(day: int, days: Sequence[int], pool: int) -> Forecast:
    """The forecast at the first moment of a day of October."""
    return forecast(as_of_morning(Month("2026-10", days), day, pool))


def day(number: int) -> date:
    return date(2026, 10, number)


def test_an_even_month_is_expected_to_go_on() -> None:
    # given ten sessions every day, and a pool for twenty days
    said = on_the(15, [10] * 31, 200)
    # then the pool is used up with the twentieth day, and the month comes to ten times its days
    assert said.exhaustion is not None
    assert (said.outlook, said.exhaustion.expected, said.exhausted_on) == ("expected", day(20), None)
    assert said.exhaustion.earliest <= day(20) <= (said.exhaustion.latest or day(31))
    assert said.total is not None
    assert said.total.expected == pytest.approx(310)
    # and each day to come is on the way there, today among them
    assert [one.date for one in said.path] == [day(number) for number in range(15, 32)]
    assert said.path[0].used.expected == pytest.approx(150)


def test_weekends_are_expected_to_be_like_weekends() -> None:
    # given no session at weekends (3, 4, 10, 11 and so on), and ten on each other day
    days = [0 if day(number).weekday() >= 5 else 10 for number in range(1, 32)]
    said = on_the(15, days, 150)
    # then the fifteenth session day is the one, and the weekend on the way does not count
    assert said.exhaustion is not None
    assert said.exhaustion.expected == day(21)
    assert said.total is not None
    assert said.total.expected == pytest.approx(sum(days))


def test_the_hours_that_today_has_left_count_for_today() -> None:
    # given a morning, and the same day's evening, with no session in between
    days = [10] * 14 + [0] * 17
    morning = as_of_morning(Month("2026-10", days), 15, 200)
    evening = forecast(morning.model_copy(update={"as_of": "2026-10-15T18:00:00Z"}))
    assert evening.path[0].used.expected == pytest.approx(140 + 10 / 4)


def test_the_day_is_that_of_the_tenants_time_zone() -> None:
    # given a report of the 7th by UTC, which is the 8th in Berlin
    said = forecast(month_of([5] * 8, as_of="2026-10-07T22:30:00Z", time_zone="Europe/Berlin"))
    assert (said.whole_days, said.path[0].date) == (7, day(8))


@pytest.mark.parametrize(("number", "outlook"), [(1, "too_early"), (MINIMUM_DAYS, "too_early"), (8, "expected")])
def test_before_a_week_is_over_it_is_too_early_to_tell(number: int, outlook: str) -> None:
    said = on_the(number, [10] * 31, 200)
    assert (said.outlook, said.whole_days) == (outlook, number - 1)
    assert (said.total is None) == (said.path == ()) == (outlook == "too_early")


@pytest.mark.parametrize("closed", [True, False])
def test_a_month_that_is_over_has_no_forecast_but_the_day_on_which_the_pool_was_used_up(closed: bool) -> None:
    over = month_of([10] * 31, as_of="2026-11-03T10:00:00Z", licences=1, add_ons=1, closed=closed)
    assert over.status == ("closed" if closed else "closing")
    assert forecast(over) == Forecast("over", 31, day(15))


def test_a_pool_that_is_used_up_tells_its_day_and_what_the_month_comes_to() -> None:
    said = on_the(15, [10] * 31, 45)
    assert (said.exhausted_on, said.exhaustion) == (day(5), None)
    assert said.total is not None


def test_a_pool_of_nothing_is_never_used_up() -> None:
    said = on_the(15, [10] * 31, 0)
    assert (said.exhausted_on, said.exhaustion) == (None, None)
    assert said.total is not None


def test_where_nobody_came_few_are_expected_and_not_none_for_sure() -> None:
    said = on_the(15, [0] * 31, 5)
    assert said.total is not None
    assert said.total.expected == 0
    assert 0 < said.total.high < 15


def test_corrections_use_nothing_of_the_months_pool() -> None:
    # given a pool of 50, of which one session is left, and a session of a closed month that came late
    late = [a_correction(0)]
    used = month_of([49], as_of="2026-10-03T10:00:00Z", licences=1, add_ons=0, corrections=late, time_zone="UTC")
    assert (used.corrected, used.remaining, forecast(used).exhausted_on) == (1, 1, None)


ANY_MONTH = (DAILY, st.integers(MINIMUM_DAYS + 1, 31), st.integers(0, 5000), st.integers(0, 23))
"""Sessions of each day, the day on which the month is looked at, the pool, and the hour."""


@given(*ANY_MONTH)
def test_a_forecast_holds_together(days: Sequence[int], number: int, pool: int, hour: int) -> None:
    check_a_forecast_holds_together(days, number, pool, hour, forecast)


def check_a_forecast_holds_together(
    days: Sequence[int], number: int, pool: int, hour: int, forecast: Forecaster
) -> None:
    # given any month on any day
    report = as_of_morning(Month("2026-10", days), number, pool)
    report = report.model_copy(update={"as_of": f"2026-10-{number:02}T{hour:02}:00:00Z"})
    said = forecast(report)
    assert said.total is not None
    assert said.path[-1].used == said.total
    # then what is used never falls, nor do the limits, and nothing is taken back
    steps = [one.used for one in said.path]
    for before, after in pairwise(steps):
        assert before.low <= after.low
        assert before.expected <= after.expected
        assert before.high <= after.high
    for one in steps:
        assert report.counted <= one.low <= one.expected <= one.high
    # and the day is in its range, from today on, or the pool is used up already, or none can be
    if said.exhaustion:
        ordered = [said.exhaustion.earliest, said.exhaustion.expected or day(31), said.exhaustion.latest or day(31)]
        assert ordered == sorted(ordered)
        assert said.exhaustion.earliest >= day(number)
        assert pool > report.counted
    else:
        assert pool == 0 or said.exhausted_on or said.total.high < pool
    assert (said.exhausted_on is not None) == (0 < pool <= report.counted)
    # and the same report has the same forecast
    assert forecast(report) == said


@given(DAILY, st.integers(MINIMUM_DAYS + 1, 31), st.integers(1, 3000), st.integers(0, 3000))
def test_a_larger_pool_never_is_used_up_sooner(days: Sequence[int], number: int, pool: int, more: int) -> None:
    small, large = (on_the(number, days, each).exhaustion for each in (pool, pool + more))
    if small and large:
        never = day(31).replace(month=12)
        assert small.earliest <= large.earliest
        assert (small.expected or never) <= (large.expected or never)
        assert (small.latest or never) <= (large.latest or never)


@given(DAILY, st.integers(MINIMUM_DAYS + 1, 31), st.integers(1, 50))
def test_where_every_day_had_more_the_month_comes_to_more(days: Sequence[int], number: int, more: int) -> None:
    few, many = (on_the(number, each, 0).total for each in (days, [n + more for n in days]))
    assert few is not None
    assert many is not None
    assert few.expected < many.expected


@given(st.sampled_from([28, 30, 31]), st.integers(0, 40), st.integers(0, 3000), st.booleans())
def test_every_month_and_moment_has_a_forecast(length: int, days_in: int, pool: int, corrected: bool) -> None:
    month = {28: "2026-02", 30: "2026-04", 31: "2026-07"}[length]
    # given a month before its first day, in it, or after it
    moment = date.fromisoformat(f"{month}-01").toordinal() + days_in - 5
    at = f"{date.fromordinal(moment).isoformat()}T12:00:00Z"
    late = [a_correction(1)] if corrected else []
    report: UsageReport = month_of([], as_of=at, licences=pool // 50, add_ons=0, corrections=late, month=month)
    said = forecast(report)
    assert said.whole_days == min(max(days_in - 5, 0), length)
    assert said.outlook == ("over" if days_in - 5 >= length else "expected" if days_in - 5 >= 7 else "too_early")


def test_past_months_would_have_been_foretold_as_the_document_says() -> None:
    check_past_months_would_have_been_foretold(scores())
    assert table() in DOCUMENT.read_text(encoding="utf-8")


def check_past_months_would_have_been_foretold(scores: Mapping[str, Score]) -> None:
    # given the sample months, and generated ones, played day by day
    assert len(SEEDS) == 2
    held = {name: sum(score.totals) / len(score.totals) for name, score in scores.items()}
    # then in months whose pace stays as it is the range holds about as often as it should, nine times of ten
    steady = ("sample traffic", "the same every day", "a quarter at weekends", "in bursts")
    assert all(held[name] >= 0.87 for name in steady), held
    # and where the pace changes it does not, which the document says, too
    assert held["doubles on the 16th"] < 0.5
