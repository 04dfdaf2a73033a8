"""What the timer triggers have in common: one span, and steps that do not depend on each other."""

from collections.abc import Awaitable, Callable
from typing import Any

from shared import bootstrap


async def run_timer(name: str, first: Callable[[], Awaitable[Any]], then: Callable[[], Awaitable[Any]]) -> None:
    """Run both steps, the second one even if the first fails. Raises what they raise, so that the host logs it."""
    with bootstrap.pipeline().telemetry.running(name):
        try:
            await first()
        finally:
            await then()
