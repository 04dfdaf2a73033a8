"""What becomes of a conversation after its end: archived after a day, and forgotten when its retention is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.conversations.fact import Fact

ARCHIVED_AFTER = timedelta(days=1)
"""How long the archive waits for stragglers, from the arrival of the newest fact."""

Step = Literal["archive", "forget"]


def next_step(facts: Sequence[Fact], archived: int, retention: timedelta) -> tuple[Step, datetime]:
    """What an ended conversation with these facts waits for, and when that is due.

    A line that arrives after the conversation was archived waits for an addendum of its own. Retention counts from the
    newest fact: an event that arrives later than that is refused, or is newer than all that was forgotten.
    """
    if archived < len(facts):
        return "archive", max(fact.received_at for fact in facts) + ARCHIVED_AFTER
    return "forget", max(fact.at for fact in facts) + retention
