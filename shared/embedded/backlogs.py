"""How many messages of each tenant wait on the local bus, and how long they will take."""

from collections import Counter
from collections.abc import Callable, Mapping

FEW = 200
"""A tenant that has no more messages waiting is told that they take no time: they never take long."""
_EXPECTED = 500.0
"""Messages a second, until so many were handled that it is known."""
_WINDOW_SECONDS = 1.0
_STALLED_SECONDS = 5.0


class Backlogs:
    """Counts the messages of each tenant, and measures how many are handled in a second while some always wait."""

    def __init__(self, waiting: Mapping[str, int], now: Callable[[], float]) -> None:
        self._waiting = Counter(waiting)
        self._now = now
        self._total = self._waiting.total()
        self._rate = _EXPECTED
        self._measured_from = now()
        self._handled = 0

    def came(self, tenant_id: str, count: int) -> None:
        """Note that so many messages of the tenant are on the bus now."""
        if not self._total:
            # While nothing waits, nothing is measured.
            self._measured_from, self._handled = self._now(), 0
        self._waiting[tenant_id] += count
        self._total += count

    def went(self, tenant_id: str, count: int) -> None:
        """Note that so many messages of the tenant are handled, or are dead letters."""
        left = max(0, self._waiting[tenant_id] - count)
        self._total += left - self._waiting[tenant_id]
        if left:
            self._waiting[tenant_id] = left
        else:
            del self._waiting[tenant_id]
        self._handled += count
        now = self._now()
        seconds = now - self._measured_from
        if not 0 <= seconds < _WINDOW_SECONDS:
            if seconds > 0:
                self._rate = (self._rate + self._handled / seconds) / 2
            self._measured_from, self._handled = now, 0

    def has_many(self, tenant_id: str) -> bool:
        """True if more than a few messages of the tenant wait."""
        return self._waiting.get(tenant_id, 0) > FEW

    def seconds(self, tenant_id: str) -> float:
        """How long it takes until a message of the tenant that comes now is handled; tenants are served in turn."""
        if not self.has_many(tenant_id):
            return 0.0
        many = sum(count > FEW for count in self._waiting.values())
        return self._waiting[tenant_id] * many / self._current_rate()

    def _current_rate(self) -> float:
        """Messages a second; where none was handled for some time, as few as that means."""
        seconds = self._now() - self._measured_from
        return min(self._rate, (self._handled + 1) / seconds) if seconds > _STALLED_SECONDS else self._rate
