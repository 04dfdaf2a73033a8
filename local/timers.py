"""Timer triggers: each runs at the times of its schedule (NCRONTAB, UTC) on the pipeline's clock."""

import asyncio
import json
import logging
from datetime import datetime

from azure.functions.meta import Datum
from croniter import croniter

from local.index import Function
from shared.clock import Clock

_log = logging.getLogger(__name__)


class TimerTrigger:
    """Runs a timer function by its schedule on a clock."""

    def __init__(self, function: Function, schedule: str, clock: Clock) -> None:
        self._function = function
        self._schedule = schedule
        self._clock = clock
        self.name = function.name
        self.due: datetime | None = None
        """When it runs next; None before it keeps running."""
        self._ran = asyncio.Event()

    async def keep_running(self) -> None:
        """Run the function at each due time, for ever. Times missed during a run, or by a clock's jump, are one run."""
        while True:
            self.due = next_occurrence(self._schedule, self._clock.now())
            self._ran.set()
            await self._clock.wait_until(self.due)
            past_due = next_occurrence(self._schedule, self.due) <= self._clock.now()
            await run_timer(self._function, past_due=past_due)

    async def caught_up(self) -> None:
        """Return when the function has run for all of its times up to now."""
        while self.due is None or self.due <= self._clock.now():
            self._ran.clear()
            await self._ran.wait()


async def run_timer(function: Function, *, past_due: bool) -> None:
    """Run the function once, now. A failure is logged; the next run tries again."""
    try:
        await function.run(function.decode(Datum(json.dumps({"IsPastDue": past_due}), "json"), {}))
    except Exception:
        _log.exception("timer function %s failed", function.name)


def next_occurrence(schedule: str, after: datetime) -> datetime:
    """The first time of a six-field schedule (seconds first) after a moment."""
    occurrence: datetime = croniter(schedule, after, second_at_beginning=True).get_next(datetime)
    return occurrence
