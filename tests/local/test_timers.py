"""Timers: each runs at the times of its schedule, once however far the clock jumped, and goes on after a failure."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import azure.functions as func
import pytest

from local.index import Function, index, resolved
from local.timers import TimerTrigger, next_occurrence
from shared.clock import MovableClock
from shared.events.envelope import format_time, parse_time
from tests.test_clock import Machine

ROOT = Path(__file__).parent.parent.parent
SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
SWEEP, USAGE = SAMPLE["SWEEP_SCHEDULE"], SAMPLE["USAGE_SCHEDULE"]
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        (SWEEP, "2026-10-20T12:00:00Z", "2026-10-20T12:00:05Z"),
        (SWEEP, "2026-10-20T12:00:00.000001Z", "2026-10-20T12:00:05Z"),
        (SWEEP, "2026-10-20T12:00:04.999999Z", "2026-10-20T12:00:05Z"),
        (SWEEP, "2026-10-20T12:00:57Z", "2026-10-20T12:01:00Z"),
        (SWEEP, "2026-12-31T23:59:55Z", "2027-01-01T00:00:00Z"),
        (USAGE, "2026-10-20T02:29:59.999999Z", "2026-10-20T02:30:00Z"),
        (USAGE, "2026-10-20T02:30:00Z", "2026-10-21T02:30:00Z"),
        (USAGE, "2026-10-31T12:00:00Z", "2026-11-01T02:30:00Z"),
        (USAGE, "2028-02-28T03:00:00Z", "2028-02-29T02:30:00Z"),
        (USAGE, "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"),
    ],
)
def test_the_next_time_of_a_schedule(schedule: str, after: str, expected: str) -> None:
    found = next_occurrence(schedule, parse_time(after))
    assert (format_time(found), found.utcoffset()) == (expected, timedelta(0))


def test_every_timer_of_the_app_has_a_schedule_in_the_sample_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an environment with the sample's values
    for name in ("SWEEP_SCHEDULE", "USAGE_SCHEDULE"):
        monkeypatch.setenv(name, SAMPLE[name])
    # Then both timers run by them
    timers = {one.name: resolved(one.trigger["schedule"]) for one in index() if one.kind == "timerTrigger"}
    assert timers == {"sweep": SWEEP, "monthly_usage": USAGE}


class Timer:
    """A timer function that notes each run: whether it was past due. It may fail."""

    def __init__(self) -> None:
        self.runs: asyncio.Queue[bool] = asyncio.Queue()
        self.fails = False
        self.function = Function("timer", {"type": "timerTrigger", "name": "timer"}, self._run)

    async def _run(self, timer: func.TimerRequest) -> None:
        self.runs.put_nowait(timer.past_due)
        if self.fails:
            raise ConnectionError("the store is away")

    async def next(self) -> bool:
        """Whether the next run was past due; a run that stays away fails the test."""
        return await asyncio.wait_for(self.runs.get(), 10)


@asynccontextmanager
async def kept_running(timer: Timer, schedule: str, start: str) -> AsyncIterator[MovableClock]:
    """The timer on a clock that stands at `start`, once it waits for its first time."""
    clock = MovableClock(parse_time(start))
    task = asyncio.create_task(TimerTrigger(timer.function, schedule, clock).keep_running())
    await asyncio.sleep(0)
    try:
        yield clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_timer_runs_at_each_of_its_times_and_at_no_other() -> None:
    timer = Timer()
    async with kept_running(timer, SWEEP, "2026-10-20T12:00:02Z") as clock:
        # When time passes second by second
        ran = []
        for _ in range(18):
            clock.advance(SECOND)
            for _ in range(5):
                await asyncio.sleep(0)
            if not timer.runs.empty():
                ran.append((format_time(clock.now()), timer.runs.get_nowait()))
    # Then it has run at each fifth second, in time
    assert ran == [(f"2026-10-20T12:00:{second:02}Z", False) for second in (5, 10, 15, 20)]


@pytest.mark.parametrize(
    ("schedule", "step", "jump"),
    [(SWEEP, 5 * SECOND, timedelta(minutes=10)), (SWEEP, 5 * SECOND, 400 * DAY), (USAGE, DAY, 30 * DAY)],
)
async def test_a_jump_of_the_clock_is_one_run(schedule: str, step: timedelta, jump: timedelta) -> None:
    timer = Timer()
    async with kept_running(timer, schedule, "2026-10-20T02:30:00Z") as clock:
        # Given a timer that runs in time
        clock.advance(step)
        assert not await timer.next()
        # When the clock jumps over many of its times, then it runs once, past due
        clock.advance(jump)
        assert await timer.next()
        # and then in time again, with nothing in between
        clock.advance(step)
        assert not await timer.next()
        assert timer.runs.empty()


async def test_whoever_waits_for_a_timer_to_catch_up_goes_on_after_its_run() -> None:
    # Given a timer whose runs last until they are allowed to end
    clock, allowed, ended = MovableClock(parse_time("2026-10-20T12:00:00Z")), asyncio.Event(), []

    async def run(timer: func.TimerRequest) -> None:
        await allowed.wait()
        ended.append(clock.now())

    trigger = TimerTrigger(Function("timer", {"type": "timerTrigger", "name": "timer"}, run), SWEEP, clock)
    task = asyncio.create_task(trigger.keep_running())
    try:
        # When its time has not come, then there is nothing to wait for
        await asyncio.wait_for(trigger.caught_up(), 10)
        assert ended == []
        # When the clock jumps over some of its times, then whoever waits does so until the run has ended
        now = clock.advance(timedelta(minutes=1))
        waiting = [asyncio.create_task(trigger.caught_up()) for _ in range(2)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(one.done() for one in waiting)
        allowed.set()
        await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert ended == [now]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_jump_onto_the_time_itself_is_in_time() -> None:
    timer = Timer()
    async with kept_running(timer, USAGE, "2026-10-20T12:00:00Z") as clock:
        clock.advance(timedelta(hours=14, minutes=30))
        assert not await timer.next()


async def test_a_clock_that_was_set_back_silences_no_timer() -> None:
    # given a timer on a machine whose clock is set back by a day between two runs
    machine, lasted, enough = Machine(-DAY, after=7 * SECOND), list[timedelta](), asyncio.Event()

    async def run(timer: func.TimerRequest) -> None:
        lasted.append(machine.lasted)
        if len(lasted) == 4:
            enough.set()

    trigger = TimerTrigger(Function("timer", {"type": "timerTrigger", "name": "timer"}, run), SWEEP, machine)
    task = asyncio.create_task(trigger.keep_running())
    try:
        await asyncio.wait_for(enough.wait(), 10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    # then it runs every five seconds all the same
    assert lasted[:4] == [5 * SECOND * number for number in range(1, 5)]


async def test_a_run_that_fails_is_logged_and_followed_by_the_next(caplog: pytest.LogCaptureFixture) -> None:
    timer = Timer()
    timer.fails = True
    async with kept_running(timer, SWEEP, "2026-10-20T12:00:00Z") as clock:
        for _ in range(3):
            clock.advance(5 * SECOND)
            await timer.next()
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failures) == 3
    assert "timer" in failures[0].getMessage()
