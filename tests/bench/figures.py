"""What the benchmark measured, as it is kept in docs/performance/figures.json: each part with its machine and date."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psutil
from pydantic import BaseModel, ConfigDict

from tests.documents import ROOT

FIGURES = ROOT / "docs/performance/figures.json"


class Figures(BaseModel):
    """The base of all that is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(Figures):
    """When, where and how a part was measured. `version` is the commit, with a `+` if the files differed from it.

    `load` is the machine's load average before: what else it had to do.
    """

    at: datetime
    version: str
    command: str
    machine: str
    load: float


class Throughput(Figures):
    """One system under one load, a value for each round: events a second, CPU an event, and the most memory.

    `cpu` is microseconds of all the system's processes, the memory bytes; `None` in place of all: not installed.
    """

    system: str
    load: str
    events: int
    rates: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()
    resident: tuple[int, ...] = ()
    proportional: tuple[int, ...] = ()


class Visibility(Figures):
    """How long after its acceptance an event could be read, at one rate of events a second that is not slowed down.

    Times are milliseconds. `late` events could not be read yet when the time to wait was over: they count with the time
    that they had waited until then. `answer_…` is the time from the moment planned for a request to its answer.
    """

    load: str
    rate: int
    seconds: int
    accepted: int
    refused: int
    late: int
    p50: float
    p99: float
    answer_p50: float
    answer_p99: float


class Growth(Figures):
    """What an event costs as something grows: microseconds of CPU for each size, one for each round."""

    name: str
    grows: str
    sizes: tuple[int, ...]
    cpu: tuple[tuple[float, ...], ...]


class Component(Figures):
    """The part of an event's CPU time that is spent in a component, in microseconds, by load."""

    name: str
    cpu: dict[str, float]


class ThroughputPart(Figures):
    measured: Measured
    rows: tuple[Throughput, ...]


class VisibilityPart(Figures):
    measured: Measured
    rows: tuple[Visibility, ...]


class GrowthPart(Figures):
    measured: Measured
    rows: tuple[Growth, ...]


class ComponentPart(Figures):
    measured: Measured
    rows: tuple[Component, ...]


class Performance(Figures):
    """All parts; one that was never measured is missing."""

    throughput: ThroughputPart | None = None
    visibility: VisibilityPart | None = None
    growth: GrowthPart | None = None
    components: ComponentPart | None = None


Part = TypeVar("Part", bound=Figures)


def measured(command: str) -> Measured:
    """This machine, now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Measured(at=now, version=_version(), command=command, machine=_machine(), load=round(os.getloadavg()[0], 1))


def load(file: Path = FIGURES) -> Performance:
    """The figures of the file; none if there is no file."""
    return Performance.model_validate_json(file.read_bytes()) if file.exists() else Performance()


def save(figures: Performance, file: Path = FIGURES) -> None:
    """Write the file anew."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(figures.model_dump_json(indent=1, exclude_none=True) + "\n", encoding="utf-8")


def _version() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


def _machine() -> str:
    """The machine in one line."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return (
        f"{psutil.cpu_count()} cores ({_processor()}), {memory} GiB, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.machine())
