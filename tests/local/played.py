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
    """A month that was played: whether all figures were as counted, what was printed, and where its files are."""

    as_counted: bool
    printed: str
    folder: Path

    @property
    def reports(self) -> dict[str, bytes]:
        """Each usage report by the name of its file."""
        return {file.name: file.read_bytes() for file in self.folder.glob("usage-*")}


ThinMonths = Callable[[int], Run]
"""The thin month of a seed."""


def played(month: SampleMonth, expected: Figures, folder: Path, host: HostCommand = local_host) -> Run:
    """Play the month in a host of its own, with its files in the folder."""
    with folder.with_suffix(".txt").open("w+", encoding="utf-8") as output:
        as_counted = play_month(month, expected, folder, Console(file=output, width=80), host)
        output.seek(0)
        return Run(as_counted, output.read(), folder)
