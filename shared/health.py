"""What of a pipeline's surroundings is reachable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.clock import Clock

Probe = Callable[[], Awaitable[Mapping[str, Any]]]
"""Asks something cheap of an adapter; what it has to tell, or an exception."""

_TIMEOUT = 5.0
"""Seconds that a probe may take."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """Asks every probe by its name (`store`, `bus`, `archive`)."""

    probes: Mapping[str, Probe]
    clock: Clock

    async def check(self) -> tuple[bool, dict[str, Any]]:
        """Whether everything is reachable, and what each probe tells; a failure is named by its kind only."""
        answers = await asyncio.gather(*(self._asked(name, probe) for name, probe in self.probes.items()))
        told = dict(zip(self.probes, answers, strict=True))
        healthy = all(answer["reachable"] for answer in answers)
        status = "healthy" if healthy else "unhealthy"
        return healthy, {"status": status, **told, "time": self.clock.now().isoformat()}

    async def _asked(self, name: str, probe: Probe) -> dict[str, Any]:
        try:
            return {"reachable": True, **await asyncio.wait_for(probe(), _TIMEOUT)}
        except Exception as failure:
            # Whatever it is, the others are to be asked, and the caller is to be told.
            _log.exception("the %s is not reachable", name)
            return {"reachable": False, "failure": type(failure).__name__}
