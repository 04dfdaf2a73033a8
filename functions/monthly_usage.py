"""Every day: roll the months up, close what is due, forget parked events, and delete what crashes left of contents.

It may run twice, late, or not at all; the next run catches up.
"""

import azure.functions as func

from functions.timer import run_timer
from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%USAGE_SCHEDULE%", run_on_startup=False)
async def monthly_usage(timer: func.TimerRequest) -> None:
    pipeline = bootstrap.pipeline()
    await run_timer(
        "monthly_usage",
        pipeline.usage.roll_up_all,
        pipeline.parked_event_service.forget_expired,
        pipeline.forgotten.delete_left_over,
        pipeline.unacknowledged.delete_left_over,
    )
