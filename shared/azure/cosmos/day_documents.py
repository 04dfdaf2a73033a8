"""The day documents of a month: counters that are patched, and a status that guards them."""

import base64
import calendar
import re
from collections import Counter
from collections.abc import Mapping

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.keys import Partition
from shared.usage.ledger import DayCounts, LedgerRow, adjustments

WHILE_OPEN = 'FROM c WHERE c.status = "open"'
_PATCH = 10
"""Changes of one patch."""
_PLAIN = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]*|", re.ASCII)
_DAY = "day:"


def guarded_patches(old: LedgerRow | None, new: LedgerRow) -> list[Operation]:
    """What the days have to add when `new` replaces `old`.

    The days of both rows are guarded, whether or not a counter changes: what stands in a closed month stays.
    """
    steps = adjustments(old, new)
    days = {row.day for row in (old, new) if row is not None}
    return [patch for day in sorted(days) for patch in _patches(day, steps.get(day, Counter({("counted", ""): 0})))]


def _patches(day: str, counts: DayCounts) -> list[Operation]:
    changes = [
        {"op": "incr", "path": f"/counts/{counter_name(measure, dimension)}", "value": step}
        for (measure, dimension), step in counts.items()
    ]
    return [("patch", (_DAY + day, list(some)), {"filter_predicate": WHILE_OPEN}) for some in _in_tens(changes)]


def opened_days(container: Container, partition: Partition, first: LedgerRow) -> list[Document]:
    """All day documents of the month, at zero but for what its first row counts.

    They are created together: where one is missing, all are, so no day can be left open when a month is closed.
    """
    year, month = map(int, first.month.split("-"))
    days = [f"{first.month}-{n:02}" for n in range(1, calendar.monthrange(year, month)[1] + 1)]
    counts = {counter_name(*name): count for name, count in first.contributions().items()}
    return [
        container.document(
            partition,
            _DAY + day,
            day=day,
            status="open",
            counts=counts if day == first.day else {},
            # The first day stands for its month, so that months are listed without reading their rows.
            firstOf=first.month if day == days[0] else None,
        )
        for day in days
    ]


def counts_of(document: Mapping[str, Mapping[str, int]]) -> Counter[tuple[str, str]]:
    """The counters of a day document that are not zero."""
    return Counter({_named(name): count for name, count in document["counts"].items() if count})


def counter_name(measure: str, dimension: str) -> str:
    """A counter's name as a member that may stand in a patch's path: what is not plain is base64url behind `_`."""
    plain = _PLAIN.fullmatch(dimension) is not None
    return (
        f"{measure}_{dimension if plain else '_' + base64.urlsafe_b64encode(dimension.encode()).decode().rstrip('=')}"
    )


def _named(name: str) -> tuple[str, str]:
    measure, _, dimension = name.partition("_")
    if not dimension.startswith("_"):
        return measure, dimension
    encoded = dimension[1:]
    return measure, base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def _in_tens(changes: list[Document]) -> list[list[Document]]:
    return [changes[start : start + _PATCH] for start in range(0, len(changes), _PATCH)]
