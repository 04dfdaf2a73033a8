"""How long work keeps the event loop, in the processor time of this process: others on the machine do not count."""

import asyncio
import gc
import time
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

LIMIT = 0.25
"""Seconds for which the event loop may be kept."""


async def kept_by(work: Awaitable[T]) -> tuple[T, float]:
    """The result of the work, and the longest time for which nothing else had a turn meanwhile."""
    longest = [0.0]
    gc.collect()
    beating = asyncio.create_task(_beat(longest))
    await asyncio.sleep(0.002)
    try:
        result = await work
        await asyncio.sleep(0.002)
    finally:
        beating.cancel()
    return result, longest[0]


async def _beat(longest: list[float]) -> None:
    """Note the longest time between two turns of this task."""
    last = time.process_time()
    while True:
        await asyncio.sleep(0.001)
        now = time.process_time()
        longest[0] = max(longest[0], now - last)
        last = now
