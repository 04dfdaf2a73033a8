"""Health: whether a pipeline's store, bus and other services are reachable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock, SystemClock, is_recent

Probe = Callable[[], Awaitable[Mapping[str, Any]]]
"""Sends an adapter a cheap request. Returns details for the answer, or raises."""
Figures = Callable[[], Mapping[str, Mapping[str, Any]]]
"""What is known without a request, by the name of a probe, or of a part of its own."""

KEPT = timedelta(seconds=5)
"""How long the probes' answers are shown. Everybody may ask, and must not cost the services a request each time."""
_TIMEOUT = 5.0
"""Limit of a probe, in seconds."""

_log = logging.getLogger(__name__)


class Health:
    """Runs every probe, at most every few seconds. They have names: `store`, `bus`, `archive`.

    `figures` are shown beside the probes' answers, as they are at the moment. The age of the answers is told by `real`,
    because `clock` may stand still.
    """

    def __init__(
        self, probes: Mapping[str, Probe], clock: Clock, figures: Figures = dict, real: Clock | None = None
    ) -> None:
        self.probes = probes
        self._clock = clock
        self._figures = figures
        self._real = real or SystemClock()
        self._answers: Mapping[str, Mapping[str, Any]] = {}
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def check(self) -> tuple[bool, dict[str, Any]]:
        """True if everything is reachable, and the answer's document. A failure is named by its class only."""
        answers, figures = await self._answered(), self._figures()
        healthy = all(answer["reachable"] for answer in answers.values())
        status = "healthy" if healthy else "unhealthy"
        parts = {name: {**answers.get(name, {}), **figures.get(name, {})} for name in (*answers, *figures)}
        return healthy, {"status": status, **parts, "time": self._clock.now().isoformat()}

    async def _answered(self) -> Mapping[str, Mapping[str, Any]]:
        """The probes' answers. If several callers wait, one of them asks for all."""
        async with self._asking:
            if not is_recent(self._asked_at, self._real.now(), KEPT):
                found = await asyncio.gather(*(self._run(name, probe) for name, probe in self.probes.items()))
                self._answers, self._asked_at = dict(zip(self.probes, found, strict=True)), self._real.now()
            return self._answers

    async def _run(self, name: str, probe: Probe) -> dict[str, Any]:
        try:
            return {"reachable": True, **await asyncio.wait_for(probe(), _TIMEOUT)}
        except Exception as failure:
            # Any failure is part of the answer, and must not stop the other probes.
            _log.exception("the %s is not reachable", name)
            return {"reachable": False, "failure": type(failure).__name__}
