"""The machine's clock may be set back and forward, and nobody who waits for a time sleeps until it has caught up."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.clock import SystemClock, is_recent
from shared.events.envelope import parse_time

NOON = parse_time("2026-10-20T12:00:00Z")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Machine(SystemClock):
    """A machine on which time passes while somebody sleeps, and whose clock is set by so much after some of it."""

    def __init__(self, by: timedelta = timedelta(0), after: timedelta = timedelta(0)) -> None:
        super().__init__(self._seconds, self._let_pass)
        self.lasted = timedelta(0)
        self._by, self._after = by, after

    def now(self) -> datetime:
        return NOON + self.lasted + (self._by if self.lasted >= self._after else timedelta(0))

    async def _let_pass(self, seconds: float) -> None:
        self.lasted += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def _seconds(self) -> float:
        return self.lasted.total_seconds()


@pytest.mark.parametrize("left", [-SECOND, timedelta(0), SECOND, 5 * SECOND, MINUTE, DAY])
async def test_who_waits_goes_on_when_the_time_has_come(left: timedelta) -> None:
    machine = Machine()
    await machine.wait_until(NOON + left)
    assert machine.lasted == max(left, timedelta(0))


@pytest.mark.parametrize("back", [2 * MINUTE, HOUR, 400 * DAY])
@pytest.mark.parametrize("left", [5 * SECOND, DAY])
async def test_a_clock_that_was_set_back_keeps_nobody_longer_than_a_minute(left: timedelta, back: timedelta) -> None:
    machine = Machine(-back, after=left / 2)
    await machine.wait_until(NOON + left)
    assert left <= machine.lasted <= left + MINUTE


@pytest.mark.parametrize("back", [SECOND / 1000, SECOND, 59 * SECOND])
async def test_a_clock_that_is_a_little_behind_is_waited_for(back: timedelta) -> None:
    # else whoever runs by a schedule would run twice for one of its times
    machine = Machine(-back, after=SECOND)
    await machine.wait_until(NOON + 5 * SECOND)
    assert machine.now() == NOON + 5 * SECOND


async def test_a_clock_that_was_set_forward_is_noticed_within_a_minute() -> None:
    machine = Machine(DAY, after=SECOND)
    await machine.wait_until(NOON + DAY)
    assert machine.lasted <= MINUTE


def test_what_is_in_the_future_by_a_clock_that_was_set_back_is_not_recent() -> None:
    assert [then for then in (NOON, NOON - SECOND) if not is_recent(then, NOON, MINUTE)] == []
    assert [then for then in (None, NOON - MINUTE, NOON + SECOND) if is_recent(then, NOON, MINUTE)] == []
