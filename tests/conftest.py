"""The scan of all logs; long tests first; seldom collections of garbage; what several tests look at; and Hypothesis
without a deadline.

A slow machine is not a failure, a timed test would be.

The profile `unshrunk` raises the first counterexample as it is, and does not make it small for people to read. Its
examples are the same in every run, since a negative control that fails by chance would be a flaky test.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from local.independent_count.count import count_sample
from local.sample.traffic import sample_month
from tests.local.played import Run, ThinMonths, played
from tests.log_scan import LogScan
from tests.observed import Observed, observing
from tests.skips import lines_of

settings.register_profile("patchbay", deadline=None)
settings.register_profile(
    "unshrunk",
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("patchbay")

_MEMORY = Path("/dev/shm")
"""Where Linux has a file system in memory; in many containers a small one."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LogScan(), "log scan")
    # A thousand tests have a database of their own, which flushes each commit; and none of them cuts the power.
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2**30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first: one that began last would keep one core busy while the other has nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Leave what is loaded to no more collections, and let many objects be made between two, as the local host does."""
    # A test makes hardly a cycle. With the defaults a seventh of all tests' time went into collections.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in lines_of(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(line)


@pytest.fixture
def observed() -> Iterator[Observed]:
    """Telemetry whose spans and metrics stay in memory; in the end they are scanned like logs."""
    with observing() as own:
        yield own


@pytest.fixture(scope="session")
def thin_months(tmp_path_factory: pytest.TempPathFactory) -> ThinMonths:
    """Thin months as the local host plays them, each once for all tests that look at it."""

    @cache
    def month_of(seed: int) -> Run:
        month = sample_month(seed, thin=1000)
        return played(month, count_sample(month), tmp_path_factory.mktemp(f"month-{seed}"))

    return month_of
