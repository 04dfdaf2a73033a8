"""The scan of all logs; and Hypothesis without a deadline: a slow machine is not a failure, a timed test would be.

In the profile `glance` the first counterexample is raised as it is, and not made small for people to read; its examples
are the same in every run, since a negative control that fails by chance would be a flaky test.
"""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from tests.log_scan import LogScan
from tests.observed import Observed, observing

settings.register_profile("patchbay", deadline=None)
settings.register_profile(
    "glance",
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
settings.load_profile("patchbay")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LogScan(), "log scan")


@pytest.fixture
def observed() -> Iterator[Observed]:
    """Telemetry whose spans and metrics stay in memory; in the end they are scanned like logs."""
    with observing() as own:
        yield own
