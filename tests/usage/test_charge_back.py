"""Charge-back: whatever is divided, the parts add up to the whole, and no part gets more than it should."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.usage.apportionment import apportion
from shared.usage.charge_back import charge_back
from shared.usage.report import UsageReport
from tests.usage.reports import report_of

WEIGHTS = st.dictionaries(st.text(max_size=3), st.integers(0, 10_000), max_size=12)
WHOLES = st.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("whole", "weights", "parts"),
    [
        (10, {"a": 1, "b": 1, "c": 1}, {"a": 4, "b": 3, "c": 3}),
        (2, {"a": 5, "b": 3, "c": 1}, {"a": 1, "b": 1, "c": 0}),
        (1, {"b": 1, "a": 1}, {"b": 0, "a": 1}),
        (100, {"a": 7}, {"a": 100}),
        (5, {"a": 0, "b": 2}, {"a": 0, "b": 5}),
        (0, {"a": 3, "b": 1}, {"a": 0, "b": 0}),
        (7, {"a": 0}, {"a": 0}),
        (7, {}, {}),
    ],
)
def test_the_largest_remainders_get_what_is_left(whole: int, weights: dict[str, int], parts: dict[str, int]) -> None:
    assert apportion(whole, weights) == parts


@given(WHOLES, WEIGHTS)
def test_the_parts_add_up_to_the_whole(whole: int, weights: dict[str, int]) -> None:
    check_the_parts_add_up_to_the_whole(whole, weights, apportion)


def check_the_parts_add_up_to_the_whole(
    whole: int, weights: dict[str, int], divide: Callable[[int, Mapping[str, int]], dict[str, int]]
) -> None:
    # given anything to divide, among parts of which at least one has a weight
    parts = divide(whole, weights)
    # then the parts add up, and each is there once
    assert sum(parts.values()) == (whole if any(weights.values()) else 0)
    assert parts.keys() == weights.keys()


@given(WHOLES, WEIGHTS.filter(lambda weights: any(weights.values())))
def test_each_part_is_its_exact_share_rounded_up_or_down(whole: int, weights: dict[str, int]) -> None:
    total = sum(weights.values())
    for part, n in apportion(whole, weights).items():
        exact = Fraction(whole * weights[part], total)
        # then no part is a whole unit off, and what is a whole number stays as it is
        assert abs(n - exact) < 1
        # and a part never gets more units than it has, where no more are divided than there are
        assert n <= weights[part] or whole > total


@given(WHOLES, WEIGHTS)
def test_the_order_of_the_parts_does_not_matter(whole: int, weights: dict[str, int]) -> None:
    assert apportion(whole, dict(reversed(weights.items()))) == apportion(whole, weights)


@given(WHOLES, WEIGHTS)
def test_who_used_more_never_gets_less(whole: int, weights: dict[str, int]) -> None:
    parts = apportion(whole, weights)
    by_weight = sorted(weights, key=lambda part: weights[part])
    for less, more in pairwise(by_weight):
        assert parts[less] <= parts[more] or weights[less] == weights[more]


@pytest.mark.parametrize(("whole", "weights"), [(-1, {"a": 1}), (1, {"a": -1, "b": 3})])
def test_nothing_negative_is_divided(whole: int, weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        apportion(whole, weights)


SPLITS = st.lists(st.integers(1, 400), min_size=1, max_size=6)


def split(numbers: list[int], name: str) -> dict[str, int]:
    return {f"{name}{index}": n for index, n in enumerate(numbers)}


@given(SPLITS, st.integers(0, 20), st.integers(0, 5))
def test_a_months_entitlement_overage_and_add_ons_are_charged_back_without_a_rest(
    bots: list[int], licences: int, add_ons: int
) -> None:
    # given a month of some bots, with any entitlement
    made: UsageReport = report_of(by_bot=split(bots, "b"), licences=licences, add_ons=add_ons)
    # when it is charged back
    shares = charge_back(made, made.by_bot).values()
    # then nothing is left over, and nothing is charged twice
    assert sum(share.sessions for share in shares) == made.counted
    assert sum(share.entitlement for share in shares) == made.entitlement.total
    assert sum(share.overage for share in shares) == made.overage
    assert sum(share.add_ons_needed for share in shares) == made.add_ons_needed
    # and nobody has more overage than sessions
    assert all(0 <= share.covered <= share.sessions for share in shares)


def test_a_month_that_nobody_used_is_charged_to_nobody() -> None:
    made = report_of(by_bot={}, licences=2)
    assert (charge_back(made, made.by_bot), made.entitlement.total) == ({}, 100)
