"""The port to clocks: reading the time, and waiting for a time. Its two adapters."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCKS_DIFFER = timedelta(minutes=1)
"""At most so much do the clocks of two processes differ."""


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime: ...

    async def wait_until(self, moment: datetime) -> None:
        """Return once `now()` has reached `moment`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait_until(self, moment: datetime) -> None:
        # The loop's timer and the wall clock drift apart, so one sleep may end early.
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  # no event tells the time
            await asyncio.sleep(left)


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
