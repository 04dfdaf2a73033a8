"""A report's corrections for its files, with all members that any of them has."""

from collections.abc import Sequence
from typing import Any

from shared.strict_json import canonical_json
from shared.usage.render.table import Cell
from shared.usage.report import UsageReport


def corrections(report: UsageReport) -> Sequence[dict[str, Any]]:
    """The JSON document of each correction."""
    documents: list[dict[str, Any]] = report.model_dump(mode="json", by_alias=True)["corrections"]
    return documents


def corrections_table(report: UsageReport) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
    """The names of the members that any correction has, in order of appearance, and each correction's values.

    A value that is neither text nor a whole number is written as JSON.
    """
    documents = corrections(report)
    members = list(dict.fromkeys(member for document in documents for member in document))
    return members, [[_cell(document.get(member)) for member in members] for document in documents]


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return canonical_json(value)
