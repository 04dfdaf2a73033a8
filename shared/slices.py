"""Long computations on the event loop, in slices between which other tasks run."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

_SLICE = 0.005
"""Seconds after which the loop is given back."""


async def in_slices(steps: Iterable[T], last: int | None = None) -> list[T]:
    """The items of an iterable, each of which takes microseconds to make; only the `last` ones, if that is given."""
    items: deque[T] = deque(maxlen=last)
    until = time.perf_counter() + _SLICE
    for item in steps:
        items.append(item)
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _SLICE
    return list(items)
