"""Work that may take a second, in a thread beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes of a body from which on reading it may take longer than others should wait."""


class Aside:
    """Runs functions in a thread, one at a time, while the event loop serves others."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The function's result; raises what it raises."""
        async with self._turn:
            return await asyncio.to_thread(work, *given, **named)

    async def reading(self, body: bytes, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """The same, for a function that reads a body; a small one is read at once."""
        if len(body) < LARGE:
            return work(*given, **named)
        return await self.run(work, *given, **named)
