"""Limits what each tenant sends to one process: requests, events and bytes by token buckets, events by its backlog."""

import math
from collections.abc import Callable
from datetime import datetime

from shared.clock import Clock
from shared.errors import TooManyRequests

BURST_SECONDS = 10
"""A bucket holds what may come in this time, so a channel that was cut off may catch up."""
_MAX_BUCKETS = 10_000
_LONGEST_ID = 64
"""Characters of a tenant's id. Longer ones are made up, and share a bucket, so that they fill no memory."""
_REQUESTS, _EVENTS, _BYTES = range(3)
_Left = tuple[float, float, float]
"""What is left of each."""

TooDeepBy = Callable[[str], float]
"""How many seconds it takes until a tenant's backlog is not too deep any more; 0 if it is not."""


def never_too_deep(_: str) -> float:
    """What is known where the bus does not tell how deep a tenant's backlog is."""
    return 0.0


class RateLimit:
    """Allows each tenant so many requests, events and bytes per second to this process; 0 is no limit.

    A body is taken as a whole. One that is larger than what is left leaves a debt, until whose end nothing is taken.
    """

    def __init__(
        self,
        per_second: float,
        clock: Clock,
        *,
        events_per_second: float = 0,
        bytes_per_second: float = 0,
        too_deep_by: TooDeepBy = never_too_deep,
    ) -> None:
        self._rates = (per_second, events_per_second, bytes_per_second)
        requests, events, size = (max(1.0, rate * BURST_SECONDS) if rate else math.inf for rate in self._rates)
        self._full: _Left = (requests, events, size)
        self._clock = clock
        self._too_deep_by = too_deep_by
        self._buckets: dict[str, tuple[_Left, datetime]] = {}

    @property
    def per_minute(self) -> int | None:
        """The requests that a minute may have in the long term; None without a limit."""
        per_second = self._rates[_REQUESTS]
        return max(1, int(per_second * 60)) if per_second else None

    def spend(self, tenant_id: str, size: int = 0, *, brings_events: bool = False) -> None:
        """Count one request with a body of so many bytes.

        Raises TooManyRequests with the seconds after which there is room again.
        """
        if brings_events:
            self._refuse_too_deep(tenant_id)
        if not any(self._rates):
            return
        name, now = tenant_id[:_LONGEST_ID], self._clock.now()
        left = self._left(name, now)
        self._refuse(left, _REQUESTS, 1)
        self._refuse(left, _BYTES)
        if brings_events:
            self._refuse(left, _EVENTS)
        self._keep(name, (left[_REQUESTS] - 1, left[_EVENTS], left[_BYTES] - size), now)

    def spend_events(self, tenant_id: str, count: int) -> None:
        """Count events of a request that was let in. Raises TooManyRequests, if others were faster."""
        self._refuse_too_deep(tenant_id)
        if not self._rates[_EVENTS]:
            return
        name, now = tenant_id[:_LONGEST_ID], self._clock.now()
        left = self._left(name, now)
        self._refuse(left, _EVENTS)
        self._keep(name, (left[_REQUESTS], left[_EVENTS] - count, left[_BYTES]), now)

    def _refuse_too_deep(self, tenant_id: str) -> None:
        if (seconds := self._too_deep_by(tenant_id)) > 0:
            raise TooManyRequests(math.ceil(seconds))

    def _refuse(self, left: _Left, what: int, least: float = 0) -> None:
        """Raises TooManyRequests if there is less left than the least; nothing left is always too little."""
        if left[what] <= 0 or left[what] < least:
            raise TooManyRequests(max(1, math.ceil((least - left[what]) / self._rates[what])))

    def _left(self, name: str, now: datetime) -> _Left:
        left, then = self._buckets.get(name, (self._full, now))
        # A machine's clock may be set back.
        seconds = max(0.0, (now - then).total_seconds())
        grown = (has + seconds * rate for has, rate in zip(left, self._rates, strict=True))
        requests, events, size = map(min, self._full, grown)
        return requests, events, size

    def _keep(self, name: str, left: _Left, now: datetime) -> None:
        if name not in self._buckets and len(self._buckets) >= _MAX_BUCKETS:
            self._forget_full(now)
        self._buckets[name] = (left, now)

    def _forget_full(self, now: datetime) -> None:
        """Delete full buckets, which a tenant would get anew. Buckets of invented tenants must not fill the memory."""
        self._buckets = {name: one for name, one in self._buckets.items() if self._left(name, now) != self._full}
