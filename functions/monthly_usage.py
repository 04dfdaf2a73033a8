"""Every day: roll the months up. It may run twice, late, or not at all for days; the next run catches up."""

import azure.functions as func

from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%USAGE_SCHEDULE%", run_on_startup=False)
async def monthly_usage(timer: func.TimerRequest) -> None:
    await bootstrap.pipeline().usage.roll_up_all()
