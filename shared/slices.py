"""Long computations on the event loop, in slices between which other tasks run."""

import asyncio
import time
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

SLICE_SECONDS = 0.005
"""Seconds after which the loop is given back."""


class Slice:
    """What is computed until the loop is given back; then the next one begins."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE_SECONDS

    async def end_if_over(self) -> None:
        """Give the loop back, if it was kept for as long as a slice may last."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE_SECONDS


async def in_slices(steps: Iterable[T]) -> list[T]:
    """The items of an iterable, each of which takes microseconds to make."""
    items: list[T] = []
    current = Slice()
    for item in steps:
        items.append(item)
        await current.end_if_over()
    return items
