"""Bounds what a log may grow by: of lines that repeat each other some are written, and the others are counted."""

import logging
import time
from collections.abc import Callable

from shared.bounded_cache import BoundedCache

MOST_ALIKE, ALIKE_PER_SECOND = 50, 5
"""Lines of one kind that are written at once, and in the long term."""


class Allowance:
    """So many at once, and in the long term so many a second."""

    def __init__(self, at_once: int, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._now = now
        self._left = float(at_once)
        self._then = now()

    def take(self, wanted: int) -> int:
        """How many of those that are wanted are allowed now."""
        now = self._now()
        self._left = min(self._at_once, self._left + (now - self._then) * self._per_second)
        self._then = now
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken


class Repeated(logging.Filter):
    """Passes so many records of a kind; the next one that passes says how many did not.

    Records are of a kind if they come from the same place in the code: same logger, level and unformatted text.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._kinds: BoundedCache[tuple[str, int, str], _Kind] = BoundedCache(1000)

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, record.levelno, str(record.msg)[:200])
        kind = self._kinds.get(key)
        if kind is None:
            kind = _Kind(Allowance(MOST_ALIKE, ALIKE_PER_SECOND, self._now))
            self._kinds.put(key, kind)
        if not kind.allowance.take(1):
            kind.left_out += 1
            return False
        if kind.left_out:
            record.msg = f"{record.msg} ({kind.left_out} more like this were left out before)"
            kind.left_out = 0
        return True


class _Kind:
    """What is known of records of one kind."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.left_out = 0
