"""Work that could keep others waiting: what may take a second is done in a thread, small bodies are read in turn."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared.bounded_cache import BoundedCache
from shared.slices import SLICE_SECONDS, Slice

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes of a body from which on reading it may take longer than others should wait."""
_MOST_TENANTS = 1000


class Aside:
    """Runs functions in a thread, one at a time, while the event loop serves others."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._bursts: BoundedCache[str, _Burst] = BoundedCache(_MOST_TENANTS)

    async def run(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The function's result; raises what it raises."""
        async with self._turn:
            return await asyncio.to_thread(work, *given, **named)

    async def reading(self, tenant_id: str, body: bytes, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The same, for a function that reads a tenant's body.

        A small one is read on the event loop. Of one tenant's that come together a few milliseconds' worth are read at
        a time, and others have their turn in between.
        """
        if len(body) >= LARGE:
            return await self.run(work, *given, **named)
        burst = self._bursts.get(tenant_id)
        if burst is None:
            burst = _Burst()
            self._bursts.put(tenant_id, burst)
        async with burst.turn:
            await burst.give_way()
            try:
                return work(*given, **named)
            finally:
                burst.read_at = time.perf_counter()


class _Burst:
    """The small bodies of one tenant that come together. `read_at` is when the last one was read."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.read_at = 0.0
        self._current = Slice()

    async def give_way(self) -> None:
        """Give the loop back if a slice is over. After a pause the next one begins: others had their turn in it."""
        if time.perf_counter() - self.read_at >= SLICE_SECONDS:
            self._current = Slice()
        else:
            await self._current.end_if_over()
