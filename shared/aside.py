"""Work that could keep others waiting: what may take a second is done in a thread, small bodies are read in turn."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared.bounded_cache import BoundedCache
from shared.slices import Slice

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes of a body from which on reading it may take longer than others should wait."""
_MOST_TENANTS = 1000


class Aside:
    """Runs functions in a thread, one at a time, while the event loop serves others."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._tenants: BoundedCache[str, tuple[asyncio.Lock, Slice]] = BoundedCache(_MOST_TENANTS)

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
        known = self._tenants.get(tenant_id)
        if known is None:
            known = asyncio.Lock(), Slice()
            self._tenants.put(tenant_id, known)
        turn, current = known
        async with turn:
            await current.end_if_over()
            return work(*given, **named)
