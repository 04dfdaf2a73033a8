"""Limits the rate of each tenant's requests to one process, with a token bucket per tenant."""

import math
from datetime import datetime

from shared.clock import Clock
from shared.errors import TooManyRequests

BURST_SECONDS = 10
"""A bucket holds the requests of this time, so a channel that was cut off may catch up."""
_MAX_BUCKETS = 10_000


class RateLimit:
    """Allows each tenant this many requests per second to this process; 0 is no limit."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: dict[str, tuple[float, datetime]] = {}

    @property
    def per_minute(self) -> int | None:
        """The requests that a minute may have in the long term; None without a limit."""
        return max(1, int(self._per_second * 60)) if self._per_second else None

    def spend(self, tenant_id: str) -> None:
        """Count one request. Raises TooManyRequests with the seconds after which there is room again."""
        if not self._per_second:
            return
        now = self._clock.now()
        left = self._left(tenant_id, now)
        if left < 1:
            raise TooManyRequests(math.ceil((1 - left) / self._per_second))
        if tenant_id not in self._buckets and len(self._buckets) >= _MAX_BUCKETS:
            self._forget_full(now)
        self._buckets[tenant_id] = (left - 1, now)

    def _left(self, tenant_id: str, now: datetime) -> float:
        left, then = self._buckets.get(tenant_id, (self._size, now))
        # A machine's clock may be set back.
        return min(self._size, left + max(0.0, (now - then).total_seconds()) * self._per_second)

    def _forget_full(self, now: datetime) -> None:
        """Delete full buckets, which a tenant would get anew. Buckets of invented tenants must not fill the memory."""
        self._buckets = {name: one for name, one in self._buckets.items() if self._left(name, now) < self._size}
