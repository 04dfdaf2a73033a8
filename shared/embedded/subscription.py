"""What a process knows of one subscription of the local bus, so that nobody looks where no message can be free."""

import asyncio
import math


class Subscription:
    """Knows whether a message may be free. At first nothing is known, so one may be."""

    def __init__(self) -> None:
        self.lock_ends = 0.0
        """No later than the end of the first lock (seconds since 1970)."""
        self._arrival = asyncio.Event()

    def may_be_free(self) -> None:
        """Note that a message may be free, and wake whoever waits for one."""
        self._arrival.set()

    async def wait(self, now: float) -> None:
        """Wait until a message may be free: one arrived, or the first lock ran out."""
        left = self.lock_ends - now
        if left <= 0:
            return
        try:
            async with asyncio.timeout(None if math.isinf(left) else left):
                await self._arrival.wait()
        except TimeoutError:
            return

    def looks(self, ends: float) -> None:
        """Note that somebody looks for all that is free by now, to lock it until then."""
        self._arrival.clear()
        # Noted before it is locked, so that a receiver that is cancelled meanwhile leaves no lock that nobody knows of.
        self.lock_ends = min(self.lock_ends, ends)
