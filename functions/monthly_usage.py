"""Every day: roll the months up, close what is due, and forget parked events whose retention is over.

It may run twice, late, or not at all; the next run catches up.
"""

import azure.functions as func

from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%USAGE_SCHEDULE%", run_on_startup=False)
async def monthly_usage(timer: func.TimerRequest) -> None:
    pipeline = bootstrap.pipeline()
    with pipeline.telemetry.running("monthly_usage"):
        try:
            await pipeline.usage.roll_up_all()
        finally:
            await pipeline.parked_event_service.forget_expired()
