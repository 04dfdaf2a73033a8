"""How many messages of each tenant wait on the local bus, and how long they will take."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping

FEW = 32
"""Up to so many messages of a tenant count as no wait at all, since they never take long."""
MOST_SECONDS, MOST_BESIDE_OTHERS = 10.0, 2.0
"""A tenant whose messages would wait longer, alone or beside other tenants, should send no more for now. It is told
so well before they wait for a minute, and before taking them in occupies the process."""
ACTIVE_SECONDS = 5.0
"""How long a tenant counts as active after it had a message."""
_MOST_TENANTS = 1000
_EXPECTED = 1000.0
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
        self._last: OrderedDict[str, float] = OrderedDict()
        """When each tenant had a message, the latest last."""

    def came(self, tenant_id: str, count: int) -> None:
        """Note that so many messages of the tenant are on the bus now."""
        if not self._total:
            # While nothing waits, nothing is measured.
            self._measured_from, self._handled = self._now(), 0
        self._waiting[tenant_id] += count
        self._total += count
        self._last[tenant_id] = self._now()
        self._last.move_to_end(tenant_id)
        if len(self._last) > _MOST_TENANTS:
            self._last.popitem(last=False)

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

    def too_deep_by(self, tenant_id: str) -> float:
        """How long it takes until the tenant's backlog is not too deep any more; 0 if it is not."""
        seconds = self.seconds(tenant_id)
        if seconds <= MOST_BESIDE_OTHERS:
            return 0.0
        most = MOST_BESIDE_OTHERS if self.few_are_active() else MOST_SECONDS
        return max(0.0, seconds - most)

    def few_are_active(self) -> bool:
        """True if a tenant that has a few messages had one lately."""
        now = self._now()
        for tenant_id, last in reversed(self._last.items()):
            if now - last >= ACTIVE_SECONDS:
                return False
            if not self.has_many(tenant_id):
                return True
        return False

    def _current_rate(self) -> float:
        """Messages a second; where none was handled for some time, as few as that means."""
        seconds = self._now() - self._measured_from
        return min(self._rate, (self._handled + 1) / seconds) if seconds > _STALLED_SECONDS else self._rate
