"""Every few seconds: sweep the due conversations and effects, then resubmit dead letters."""

import azure.functions as func

from functions.timer import run_timer
from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%SWEEP_SCHEDULE%", run_on_startup=False)
async def sweep(timer: func.TimerRequest) -> None:
    pipeline = bootstrap.pipeline()
    await run_timer("sweep", pipeline.sweep.run, pipeline.resubmission.run)
