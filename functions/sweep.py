"""Every few seconds: what is due, and what a crash left over."""

import azure.functions as func

from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%SWEEP_SCHEDULE%", run_on_startup=False)
async def sweep(timer: func.TimerRequest) -> None:
    await bootstrap.pipeline().sweep.run()
