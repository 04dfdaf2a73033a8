"""The sample month played on one machine and on Azure's services, by the same player and against the same count."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local.demo import HostCommand
from local.independent_count.figures import Figures
from local.sample.traffic import SampleMonth
from tests.local.played import Run, played


@dataclass(frozen=True)
class Comparison:
    """Both runs of a month."""

    embedded: Run
    azure: Run

    @property
    def differing(self) -> list[str]:
        """The files of reports (JSON and CSV of each tenant's months) that differ in any byte, or are in one run only.

        Not even times may differ: a report has one, `asOf`, and both runs read theirs at the same moment of the clock.
        """
        names = sorted({*self.embedded.reports, *self.azure.reports})
        return [name for name in names if self.embedded.reports.get(name) != self.azure.reports.get(name)]


def cloud_host(_: Path, clock: datetime) -> Sequence[str]:
    """The functions on Azure's services, as the tests' environment names them."""
    return [sys.executable, "-m", "tests.azure.cloud_host", clock.isoformat()]


def played_on_both(
    month: SampleMonth, expected: Figures, folder: Path, azure_host: HostCommand = cloud_host
) -> Comparison:
    """Play the month in two hosts at the same time."""
    with ThreadPoolExecutor(2) as players:
        embedded = players.submit(played, month, expected, folder / "embedded")
        azure = players.submit(played, month, expected, folder / "azure", azure_host)
        return Comparison(embedded.result(), azure.result())
