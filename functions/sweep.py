"""Every few seconds: what is due, what a crash left over, and the dead letters that another try may mend."""

import azure.functions as func

from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.timer_trigger(arg_name="timer", schedule="%SWEEP_SCHEDULE%", run_on_startup=False)
async def sweep(timer: func.TimerRequest) -> None:
    pipeline = bootstrap.pipeline()
    with pipeline.telemetry.running("sweep"):
        try:
            await pipeline.sweep.run()
        finally:
            await pipeline.resubmission.run()
