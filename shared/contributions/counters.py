"""Counters: what rows add up to, changed by the difference whenever a row replaces another one."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

Name = TypeVar("Name")


class Counted(Protocol):
    """A row that is counted: under one heading (such as a day), by (measure, dimension)."""

    @property
    def heading(self) -> str: ...

    def contributions(self) -> Counter[tuple[str, str]]: ...


def adjustments(old: Counted | None, new: Counted) -> dict[str, Counter[tuple[str, str]]]:
    """What to add (or subtract) per heading when `new` replaces `old`; counters that stay the same are left out."""
    changes: dict[str, Counter[tuple[str, str]]] = {new.heading: new.contributions()}
    if old is not None:
        changes.setdefault(old.heading, Counter()).subtract(old.contributions())
    return _without_zeros(changes)


def recount(
    rows: Iterable[Counted], known: Mapping[str, Counter[tuple[str, str]]] | None = None
) -> dict[str, Counter[tuple[str, str]]]:
    """The counters that the rows add up to, by heading, added to `known`; must equal the stored counters."""
    counted = {heading: Counter(counts) for heading, counts in (known or {}).items()}
    for row in rows:
        counted.setdefault(row.heading, Counter()).update(row.contributions())
    return _without_zeros(counted)


def not_zero(counts: Mapping[Name, int]) -> Counter[Name]:
    """The counters that are not zero; adding and subtracting counters may leave zeros."""
    return Counter({name: n for name, n in counts.items() if n})


def _without_zeros(counted: Mapping[str, Counter[tuple[str, str]]]) -> dict[str, Counter[tuple[str, str]]]:
    return {heading: left for heading, counts in counted.items() if (left := not_zero(counts))}
