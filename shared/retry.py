"""Retries: at once, if another process was faster, and later, with growing pauses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar

import stamina

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT = timedelta(seconds=60)
"""How long an operation is retried: well below the 5 minutes for which the host renews the message's lock."""

_again = stamina.AsyncRetryingCaller(attempts=None, timeout=TIMEOUT, wait_initial=0.005, wait_max=0.5, wait_jitter=0.02)


async def retrying(on: type[Exception], operation: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Repeat the operation while it raises this error. The first try costs nothing more than the operation."""
    try:
        return await operation(*args, **kwargs)
    except on:
        return await _again(on, operation, *args, **kwargs)


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
