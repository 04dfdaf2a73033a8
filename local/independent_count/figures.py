"""What the demonstration compares: the sample month's figures, as the pipeline tells them and as they are counted."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """A tenant's month: bot sessions, conversations that are none and why, what was bought, and what lacks."""

    sessions: int
    no_bot: int
    smart_assist_only: int
    entitlement: int
    overage: int


@dataclass(frozen=True)
class Figures:
    """`first_read`: sessions before the corrections; both usages are per tenant and month (yyyy-mm).

    `others`: what else is counted, per tenant and name.
    """

    first_read: Mapping[tuple[str, str], int]
    usage: Mapping[tuple[str, str], Usage]
    others: Mapping[tuple[str, str], int | str]


def digest(texts: Iterable[str | None]) -> str:
    """What identifies all texts together, whatever their order: one lost accent changes it."""
    return hashlib.sha256(json.dumps(sorted(text or "" for text in texts)).encode()).hexdigest()[:8]
