"""The turns in which the month is played: every post once, and the clock never ahead of what matters."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from local.sample.schedule import Turn, turns
from tests.local.sample.months import MONTH, SEED, counted


@pytest.fixture(scope="module")
def played() -> Sequence[Turn]:
    return tuple(turns(MONTH(SEED)))


def test_every_post_is_made_once_and_in_order(played: Sequence[Turn]) -> None:
    assert tuple(post for turn in played for post in turn.posts) == MONTH(SEED).posts


def test_the_clock_moves_forward_and_is_ahead_of_no_post_by_more_than_a_minute_and_a_half(
    played: Sequence[Turn],
) -> None:
    assert all(one.at <= other.at for one, other in pairwise(played))
    ahead = [turn.at - post.at for turn in played for post in turn.posts]
    assert timedelta(0) <= min(ahead) <= max(ahead) <= timedelta(seconds=90)


def test_the_clock_is_at_each_post_that_tells_no_time(played: Sequence[Turn]) -> None:
    made = [(turn.at, post.at) for turn in played for post in turn.posts if not post.timed]
    assert len(made) > 10
    assert all(clock == at for clock, at in made)


def test_the_clock_stops_within_two_minutes_of_every_silence(played: Sequence[Turn]) -> None:
    # Given when somebody has been silent for too long, and the turns without posts
    month = MONTH(SEED)
    silences = [moment for one in counted() for moment in one.silences]
    stops = [turn.at for turn in played if not turn.posts]

    # Then after each silence the sweep has its five seconds, and nobody speaks before the stop
    seconds = timedelta(seconds=5)
    assert len(silences) > 300
    assert all(any(moment + seconds <= stop <= moment + timedelta(minutes=2) for stop in stops) for moment in silences)
    assert {month.reading, month.last} <= set(stops)
    assert played[-1].at == month.last
