"""The steps after a conversation's end: it is archived after a day, and forgotten when its retention is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.conversations.fact import Fact

ARCHIVED_AFTER = timedelta(days=1)
"""How long the archive waits for late facts, from the arrival of the newest one."""

Step = Literal["archive", "forget"]


def next_step(facts: Sequence[Fact], archived: int, retention: timedelta) -> tuple[Step, datetime]:
    """The next step of an ended conversation with these facts, and when it is due.

    A line that arrives after the conversation was archived waits for an addendum of its own. Retention counts from the
    newest fact, so an event that arrives after it is refused as too late, or is newer than every forgotten fact.
    """
    if archived < len(facts):
        return "archive", max(fact.received_at for fact in facts) + ARCHIVED_AFTER
    return "forget", max((fact.at for fact in facts if fact.event.is_activity), default=facts[0].at) + retention
