"""Timer triggers: each runs at the times of its schedule (NCRONTAB, UTC) on the pipeline's clock."""

import json
import logging
from datetime import datetime

from azure.functions.meta import Datum
from croniter import croniter

from local.index import Function
from shared.clock import Clock

_log = logging.getLogger(__name__)


async def keep_running(function: Function, schedule: str, clock: Clock) -> None:
    """Run the function at each due time, for ever. Times missed while it ran, or while a clock jumped, are one run."""
    while True:
        due = next_occurrence(schedule, clock.now())
        await clock.wait_until(due)
        await run_timer(function, past_due=next_occurrence(schedule, due) <= clock.now())


async def run_timer(function: Function, *, past_due: bool) -> None:
    """Run it once, now. A failure is logged; the next run is another chance."""
    try:
        await function.run(function.decode(Datum(json.dumps({"IsPastDue": past_due}), "json"), {}))
    except Exception:
        _log.exception("timer function %s failed", function.name)


def next_occurrence(schedule: str, after: datetime) -> datetime:
    """The first time of a six-field schedule (seconds first) after a moment."""
    occurrence: datetime = croniter(schedule, after, second_at_beginning=True).get_next(datetime)
    return occurrence
