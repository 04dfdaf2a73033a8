"""The lines of the sample month as they read in the end: edited, or removed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from local.independent_count.occurrence import Occurrence


def with_changes(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """All but the changes, each line with its last text and with those that it had before.

    A change has no other effect, and may be known before its line.
    """
    changes: defaultdict[tuple[str, str, str], list[Occurrence]] = defaultdict(list)
    others: list[Occurrence] = []
    for each in sorted(occurrences, key=lambda occurrence: occurrence.at):
        if each.kind == "change":
            changes[each.tenant, each.thread, each.changes].append(each)
        else:
            others.append(each)
    return [_changed(each, changes.get((each.tenant, each.thread, each.line), ())) for each in others]


def _changed(line: Occurrence, changes: Iterable[Occurrence]) -> Occurrence:
    texts = [line.text, *(change.text for change in changes)]
    return replace(line, text=texts[-1], before=tuple(texts[:-1]))
