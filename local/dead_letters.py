"""`python -m local dead-letters`: lists the dead letters with their reasons, never their bodies, or resubmits all."""

from pathlib import Path

from local.services import opened
from shared.clock import SystemClock


async def dead_letters_on(database: Path | None, *, resubmit: bool) -> None:
    """List the dead letters, or resubmit all and list those.

    Raises BusUnavailable, IncompleteSettings, DatabaseMissing and DatabaseInUse.
    """
    place, pipeline = opened(database)
    print(place)
    try:
        letters = await (pipeline.resubmission.resubmit_all() if resubmit else pipeline.resubmission.waiting())
    finally:
        await pipeline.close()
    now = SystemClock().now()
    for letter in sorted(letters, key=lambda each: (each.subscription, each.died_at, each.message_id)):
        minutes = max(0, int((now - letter.died_at).total_seconds() // 60))
        tries = f"resubmitted {letter.resubmissions} times before"
        print(f"  {letter.subscription}  {letter.message_id}  {minutes} min  {letter.reason}  {tries}")
    print(f"{len(letters)} dead letters{' resubmitted' if resubmit else ''}")
