"""The sample month as a host plays it: what the demonstration printed, and the files that it left."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from local.demo import HostCommand, local_host, play_month
from local.independent_count.figures import Figures
from local.sample.traffic import SampleMonth


@dataclass(frozen=True)
class Run:
    """A month that was played: whether all figures were as counted, the output, each report by its file name."""

    as_counted: bool
    printed: str
    reports: dict[str, bytes]
    folder: Path


ThinMonths = Callable[[int], Run]
"""The thin month of a seed."""


def played(month: SampleMonth, expected: Figures, folder: Path, host: HostCommand = local_host) -> Run:
    """Play the month in a host of its own, with its files in the folder."""
    with folder.with_suffix(".txt").open("w+", encoding="utf-8") as output:
        as_counted = play_month(month, expected, folder, Console(file=output, width=80), host)
        output.seek(0)
        printed = output.read()
    # Read now: whoever made the folder may delete it before the reports are compared.
    reports = {file.name: file.read_bytes() for file in folder.glob("usage-*")}
    return Run(as_counted, printed, reports, folder)
