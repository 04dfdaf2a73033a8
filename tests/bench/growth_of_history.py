"""What an event and what reading cost beside a history of conversations: CPU time, in this process, on the disk."""

import asyncio
from collections.abc import Iterator

from tests.bench.figures import Growth
from tests.bench.growth import grown
from tests.bench.history import FEW, MANY, beside

_GROWS = "conversations that ended before"
SHOWN = (
    "list key", "list state=active started", "list state=closed activity", "list queue=Q3 channel=app waiting",
    "one conversation", "transcript", "report of a month", "sweep, nothing due", "record 4 events",
)  # fmt: skip
"""Those of the many works that the page has; `python -m tests.bench.history` prints all."""


def measure() -> Iterator[Growth]:
    """Measure all works beside both histories, in rounds in which they take turns."""
    found = asyncio.run(beside((FEW, MANY)))
    for name in SHOWN:
        few, many = found[name]
        yield grown(name, _GROWS, {FEW: [few], MANY: [many]})
