"""Retries: at once, if another process was faster, and later, with growing pauses."""

from dataclasses import dataclass
from datetime import timedelta

import stamina

TIMEOUT = timedelta(seconds=60)
"""How long an operation is retried: well below the 5 minutes for which the host renews the message's lock."""

retrying = stamina.AsyncRetryingCaller(
    attempts=None, timeout=TIMEOUT, wait_initial=0.005, wait_max=0.5, wait_jitter=0.02
)
"""`await retrying(HeadChanged, operation, *arguments)` repeats the operation while it raises that error."""


@dataclass(frozen=True)
class AttemptPolicy:
    """How often something is tried (`most`), and how long the pauses between are: `first`, then `factor` times it, up
    to `longest`."""

    first: timedelta
    factor: int
    longest: timedelta
    most: int


def next_attempt(attempts: int, retry_after: timedelta, policy: AttemptPolicy) -> timedelta | None:
    """The pause after so many failed attempts, at least `retry_after`; None if there is no further attempt."""
    if attempts >= policy.most:
        return None
    times: int = min(policy.factor ** (attempts - 1), policy.longest // policy.first + 1)
    return max(min(policy.first * times, policy.longest), min(retry_after, policy.longest))
