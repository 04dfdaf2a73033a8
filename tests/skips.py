"""What pytest says in its end of the tests that were skipped: one line per reason, since one may skip a hundred."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest


def lines_of(skipped: Iterable[pytest.TestReport | pytest.CollectReport]) -> Sequence[str]:
    """Each reason with the number of its tests, the one with the most tests first."""
    reasons = Counter(str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple))
    return [f"SKIPPED [{tests}] {reason.removeprefix('Skipped: ')}" for reason, tests in reasons.most_common()]
