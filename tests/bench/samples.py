"""One measurement of one system under one load."""

import time
from dataclasses import dataclass

from tests.bench.processes import Memory, Observed


@dataclass(frozen=True)
class Sample:
    """What a number of events took: seconds, seconds of CPU of all processes, and the most memory."""

    events: int
    seconds: float
    cpu: float
    memory: Memory


class Meter:
    """Measures from its making until `stop`."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._began, self._cpu = time.perf_counter(), observed.cpu()

    def stop(self, events: int) -> Sample:
        """The sample of so many events."""
        seconds, cpu = time.perf_counter() - self._began, self._observed.cpu() - self._cpu
        return Sample(events, seconds, cpu, self._observed.memory)
