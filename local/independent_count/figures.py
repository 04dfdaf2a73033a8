"""The figures of the sample month that the demonstration compares: the pipeline's and the independent count's."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """A tenant's month: its bot sessions, its other conversations by reason, its entitlement and its overage."""

    sessions: int
    no_bot: int
    smart_assist_only: int
    entitlement: int
    overage: int


@dataclass(frozen=True)
class Settled:
    """A tenant's month at the turn of the year: its own sessions, its entitlement, and the sessions beyond it.

    `due` is what late events of the closed month before make due; `invoiced` and `add_ons` are the sums of what is due
    and of the month's own.
    """

    sessions: int
    entitlement: int
    overage: int
    due: int
    invoiced: int
    add_ons: int


@dataclass(frozen=True)
class Figures:
    """The `usage`, and the sessions when it was first read, before the corrections, by tenant and month (yyyy-mm).

    `others` are all other figures, by tenant and name; `year_end` has the two months of the year's turn.
    """

    first_read: Mapping[tuple[str, str], int]
    usage: Mapping[tuple[str, str], Usage]
    others: Mapping[tuple[str, str], int | str]
    year_end: Mapping[tuple[str, str], Settled]


def digest(texts: Iterable[str | None]) -> str:
    """A hash of all texts, whatever their order: one lost accent changes it."""
    return hashlib.sha256(json.dumps(sorted(text or "" for text in texts)).encode()).hexdigest()[:8]
