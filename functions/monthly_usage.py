"""Every day: roll the months up, and close what is due. It may run twice, late, or not at all; the next catches up."""

import azure.functions as func

from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%USAGE_SCHEDULE%", run_on_startup=False)
async def monthly_usage(timer: func.TimerRequest) -> None:
    pipeline = bootstrap.pipeline()
    with pipeline.telemetry.running("monthly_usage"):
        await pipeline.usage.roll_up_all()
