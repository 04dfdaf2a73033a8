"""What the timer triggers have in common: one span, and steps that do not depend on each other."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from shared import bootstrap
from shared.errors import code_of, where

_log = logging.getLogger(__name__)


async def run_timer(name: str, *steps: Callable[[], Awaitable[Any]]) -> None:
    """Run each step, whatever becomes of the others. Raises what they raise, so that the host logs it.

    The failures of several steps are raised as one ExceptionGroup.
    """
    failures: list[Exception] = []
    with bootstrap.pipeline().telemetry.running(name):
        for step in steps:
            try:
                await step()
            except Exception as failure:  # of any kind: it is raised below
                # The host's own report of it may be sampled out.
                _log.error("%s failed: %s%s", name, code_of(failure), where(failure), extra={"code": code_of(failure)})
                failures.append(failure)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup(f"steps of {name} that failed", failures)
