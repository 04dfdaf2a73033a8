"""Health: whether a pipeline's store, bus and other services are reachable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.clock import Clock

Probe = Callable[[], Awaitable[Mapping[str, Any]]]
"""Sends an adapter a cheap request. Returns details for the answer, or raises."""

_TIMEOUT = 5.0
"""Limit of a probe, in seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """Runs every probe. They have names: `store`, `bus`, `archive`. `figures` are shown beside their answers."""

    probes: Mapping[str, Probe]
    clock: Clock
    figures: Callable[[], Mapping[str, Any]] = dict

    async def check(self) -> tuple[bool, dict[str, Any]]:
        """True if everything is reachable, and the answer's document. A failure is named by its class only."""
        answers = await asyncio.gather(*(self._run(name, probe) for name, probe in self.probes.items()))
        by_name = dict(zip(self.probes, answers, strict=True))
        healthy = all(answer["reachable"] for answer in answers)
        status = "healthy" if healthy else "unhealthy"
        return healthy, {"status": status, **by_name, **self.figures(), "time": self.clock.now().isoformat()}

    async def _run(self, name: str, probe: Probe) -> dict[str, Any]:
        try:
            return {"reachable": True, **await asyncio.wait_for(probe(), _TIMEOUT)}
        except Exception as failure:
            # Any failure is part of the answer, and must not stop the other probes.
            _log.exception("the %s is not reachable", name)
            return {"reachable": False, "failure": type(failure).__name__}
