"""`python -m local dead-letters`: why each dead letter is one, without its body; all are sent again if asked to."""

from pathlib import Path

from local.services import opened
from shared.clock import SystemClock


async def dead_letters_on(database: Path | None, *, resubmit: bool) -> None:
    """List the dead letters, or resubmit all and say which.

    Raises BusUnavailable, IncompleteSettings, DatabaseMissing and DatabaseInUse.
    """
    place, pipeline = opened(database)
    print(place)
    try:
        letters = await (pipeline.resubmission.resubmit_all() if resubmit else pipeline.resubmission.waiting())
    finally:
        await pipeline.close()
    now = SystemClock().now()
    for letter in sorted(letters, key=lambda one: (one.subscription, one.died_at, one.message_id)):
        minutes = max(0, int((now - letter.died_at).total_seconds() // 60))
        tries = f"resubmitted {letter.resubmissions} times before"
        print(f"  {letter.subscription}  {letter.message_id}  {minutes} min  {letter.reason}  {tries}")
    print(f"{len(letters)} dead letters{' resubmitted' if resubmit else ''}")
