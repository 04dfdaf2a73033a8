"""The port to clocks: reading the time, and waiting for a time. Its two adapters."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCKS_DIFFER = timedelta(minutes=1)
"""At most so much do the clocks of two processes differ."""
_LOOKED_AT_AFTER = timedelta(minutes=1)
"""A waiter looks at the clock at least this often, since somebody may set it forward."""


def is_recent(then: datetime | None, now: datetime, within: timedelta) -> bool:
    """True if `then` was less than `within` ago. False for a `then` that is ahead, as after a clock was set back."""
    return then is not None and timedelta(0) <= now - then < within


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime: ...

    async def wait_until(self, moment: datetime) -> None:
        """Return once `now()` has reached `moment`.

        If the clock is set back meanwhile, return once the time has passed that was left at the call: a waiter must not
        sleep until the clock has caught up.
        """
        ...


class SystemClock:
    """The machine's clock. `passed` counts seconds, whatever the clock is set to; `sleep` lets some pass."""

    def __init__(
        self,
        passed: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._passed = passed
        self._sleep = sleep

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait_until(self, moment: datetime) -> None:
        ends = self._passed() + (moment - self.now()).total_seconds()
        # The loop's timer and the wall clock drift apart, so one sleep may end early.
        while (left := moment - self.now()) > timedelta(0):
            if left > CLOCKS_DIFFER and self._passed() >= ends:
                return
            await self._sleep(min(left, _LOOKED_AT_AFTER).total_seconds())


class MovableClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> datetime:
        """Move the clock forward, and wake all waiters. Returns the new time. Raises ValueError for a negative step."""
        if step < timedelta(0):
            raise ValueError("a clock only moves forward")
        self._now += step
        self._moved.set()
        self._moved = asyncio.Event()
        return self._now

    async def wait_until(self, moment: datetime) -> None:
        while self._now < moment:
            await self._moved.wait()
