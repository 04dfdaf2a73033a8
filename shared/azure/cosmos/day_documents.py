"""The counting documents of a month: one per day, one for corrections. A status guards their counters.

They are created together, so if one is missing, all are; and they are closed together.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.keys import Partition
from shared.contributions.counters import Counted, adjustments
from shared.events.envelope import format_time, parse_time
from shared.usage.correction import CORRECTIONS
from shared.usage.ledger import Books, DayCounts
from shared.usage.period import dates

WHILE_OPEN = 'FROM c WHERE c.status = "open"'
_PATCH = 10
"""The most changes in one patch."""
_PLAIN = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]*|", re.ASCII)
_DAY = "day:"
COUNTING = "SELECT c.id, c.day, c.counts, c.closedAt, c._etag FROM c WHERE c.day > ''"
"""The query for the documents that `books_of` takes."""


def guarded_patches(old: Counted | None, new: Counted) -> list[Operation]:
    """The patches of the counters when `new` replaces `old`.

    The days of both rows are guarded, even if no counter changes: a closed month must keep its row.
    """
    steps = adjustments(old, new)
    days = {row.heading for row in (old, new) if row is not None}
    return [patch for day in sorted(days) for patch in _patches(day, steps.get(day, Counter({("counted", ""): 0})))]


def _patches(day: str, counts: DayCounts) -> list[Operation]:
    changes = [
        {"op": "incr", "path": f"/counts/{counter_name(measure, dimension)}", "value": step}
        for (measure, dimension), step in counts.items()
    ]
    return [("patch", (_DAY + day, list(some)), {"filter_predicate": WHILE_OPEN}) for some in _in_patches(changes)]


def day_of(patch: Operation) -> str:
    """The day (or `corrections`) whose counters the patch changes."""
    document_id: str = patch[1][0]
    return document_id.removeprefix(_DAY)


def opened(container: Container, partition: Partition, month: str, first: Counted) -> list[Document]:
    """The counting documents of an open month with its first row."""
    members = _members(first.contributions())
    return [
        _document(container, partition, day, members if day == first.heading else {}, "open", None)
        for day in _days(month)
    ]


def closed(container: Container, partition: Partition, month: str, books: Books, at: datetime) -> list[Operation]:
    """The operations that close the month; they fail if a document changed since its books were read."""
    etags: Mapping[str, str] = json.loads(books.stamp)
    if not etags:
        documents = (_document(container, partition, day, {}, "closed", format_time(at)) for day in _days(month))
        return [("create", (document,), {}) for document in documents]
    close = [
        {"op": "set", "path": "/status", "value": "closed"},
        {"op": "set", "path": "/closedAt", "value": format_time(at)},
    ]
    return [
        ("patch", (name, list(close)), {"filter_predicate": WHILE_OPEN, "if_match_etag": etag})
        for name, etag in sorted(etags.items())
    ]


def restated(
    container: Container, partition: Partition, month: str, books: Books, counts: Mapping[str, DayCounts]
) -> list[Operation]:
    """The operations that set the counters of these days; they fail if one changed since its books were read.

    If a document of the month is lost, it is created anew, and then all others are guarded, since the month may be
    closed meanwhile.
    """
    etags: Mapping[str, str] = json.loads(books.stamp)
    stored = {**books.days, CORRECTIONS: books.corrections}
    lost = [day for day in _days(month) if _DAY + day not in etags]
    operations: list[Operation] = [
        ("create", (_document(container, partition, day, _members(counts.get(day, Counter())), "open", None),), {})
        for day in lost
    ]
    for day in _days(month) if lost else sorted(counts):
        if etag := etags.get(_DAY + day):
            members = _members(counts.get(day, stored.get(day, Counter())))
            patch = [{"op": "set", "path": "/counts", "value": members}]
            operations.append(("patch", (_DAY + day, patch), {"filter_predicate": WHILE_OPEN, "if_match_etag": etag}))
    return operations


def books_of(documents: Sequence[Document]) -> Books:
    """The books in a month's counting documents."""
    counts = {document["day"]: counts_of(document) for document in documents}
    corrections = counts.pop(CORRECTIONS, Counter())
    closed_at = next((document["closedAt"] for document in documents if document.get("closedAt")), None)
    return Books(
        {day: counted for day, counted in counts.items() if counted},
        corrections,
        parse_time(closed_at) if closed_at else None,
        json.dumps({document["id"]: document["_etag"] for document in documents}, sort_keys=True),
    )


def _members(counts: DayCounts) -> dict[str, int]:
    """The counters as members of a document."""
    return {counter_name(*name): count for name, count in counts.items()}


def _days(month: str) -> list[str]:
    return [*dates(month), CORRECTIONS]


def _document(
    container: Container, partition: Partition, day: str, counts: Mapping[str, int], status: str, closed_at: str | None
) -> Document:
    return container.document(
        partition,
        _DAY + day,
        day=day,
        status=status,
        closedAt=closed_at,
        counts=dict(counts),
        # The first day stands for its month, so that months are listed without reading their rows.
        firstOf=partition[1] if day.endswith("-01") else None,
    )


def counts_of(document: Mapping[str, Mapping[str, int]]) -> Counter[tuple[str, str]]:
    """The counters of a day document that are not zero."""
    return Counter({_counter_of(name): count for name, count in document["counts"].items() if count})


def counter_name(measure: str, dimension: str) -> str:
    """A counter's name as a member for a patch's path; a dimension that is not plain is `_` and base64url."""
    plain = _PLAIN.fullmatch(dimension) is not None
    return (
        f"{measure}_{dimension if plain else '_' + base64.urlsafe_b64encode(dimension.encode()).decode().rstrip('=')}"
    )


def _counter_of(name: str) -> tuple[str, str]:
    measure, _, dimension = name.partition("_")
    if not dimension.startswith("_"):
        return measure, dimension
    encoded = dimension[1:]
    return measure, base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def _in_patches(changes: list[Document]) -> list[list[Document]]:
    return [changes[start : start + _PATCH] for start in range(0, len(changes), _PATCH)]
