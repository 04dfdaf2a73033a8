"""Proof: the sample month gives the same usage reports on the adapters for Azure as on the embedded ones.

    python -m tests.prove.on_azure [THIN]

With THIN, a THINth of the month is played. It needs the endpoints of the tests: `python -m tests.standins -- COMMAND`
starts stand-ins. Every figure of both runs is also compared with a count made straight from the posts.
"""

import sys
import tempfile
import time
from pathlib import Path

from local.independent_count.count import count_sample
from local.sample.traffic import sample_month
from tests.azure.months import played_on_both
from tests.prove.endpoints import ALL, unproven

DIFFERING = "differing"
SEED = 2026


def main(thin: int = 1) -> int:
    """Print the figure; 0 if all is the same, or cannot be compared and need not be."""
    if (status := unproven("on azure", ALL)) is not None:
        return status
    month = sample_month(SEED, thin)
    expected = count_sample(month)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        both = played_on_both(month, expected, Path(folder))
    conversations = sum(int(n) for (_, name), n in expected.others.items() if name == "conversations")
    unlike = [run.printed for run in (both.embedded, both.azure) if not run.as_counted]
    print(*unlike, sep="\n", end="")
    print(
        f"on azure: {len(month.posts)} posts, {conversations} conversations, {len(expected.usage)} tenant months, "
        f"{len(both.azure.reports)} reports compared: {len(both.differing)} {DIFFERING}, "
        f"{len(unlike)} of 2 runs unlike the count, {time.monotonic() - began:.0f} s"
    )
    return int(bool(both.differing or unlike))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
