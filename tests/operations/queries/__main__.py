"""`python -m tests.operations.queries`: Microsoft's language service reads every query that an operator may run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.documents import DOCUMENTS, ROOT
from tests.infra.predicted import INFRA, predicted, search_alerts

HERE = Path(__file__).parent
TABLES = json.loads((HERE / "tables.json").read_text(encoding="utf-8"))
LEAST_QUERIES = 20

_TABLE = r"\b(?i:App[A-Z]\w+|requests|dependencies|traces|exceptions|custom[A-Z]\w+)"
_OPERATOR = r"(?i:where|summarize|project|extend|order|sort|top|take|count|distinct|union|join)\b"
_READ = rf"{_TABLE}\s*\\?\|\s*{_OPERATOR}"
# Whatever looks like a query is one, so that none is passed over: a block that is marked so, else code, else a line.
_IN_DOCUMENT = re.compile(rf"```kusto\n([^`]*)```|`([^`]*{_READ}[^`]*)`|({_READ}.*)")
_IN_JSON = re.compile(r'"query": ("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Query:
    """A query, where it stands, and the column that an alert compares with its threshold."""

    place: str
    text: str
    measure: str | None = None


MISTAKES = [
    *(Query(f"a misspelt column of {table}", f"{table} | project operationid") for table in TABLES),
    Query("an unknown table", "AppMetric | count"),
    Query("an unknown function", "AppMetrics | project strin(Name)"),
    Query("a text as measure", "AppMetrics | summarize Found = max(Name)", "Found"),
    Query("a query without a result", ""),
]


def in_document(text: str, name: str) -> Iterator[Query]:
    """The queries in Markdown."""
    for match in _IN_DOCUMENT.finditer(text):
        group = match.lastindex or 0
        yield Query(_place(name, text, match.start(group)), match[group].replace(r"\|", "|"))


def in_workbook(text: str, name: str) -> Iterator[Query]:
    """The queries in a workbook: its members `query`."""
    return (Query(_place(name, text, each.start()), json.loads(each[1])) for each in _IN_JSON.finditer(text))


def in_alerts(alerts: Mapping[str, Any]) -> Iterator[Query]:
    """The queries of alerts by search, each with the column that is compared with its threshold."""
    for name, alert in alerts.items():
        (criterion,) = alert["criteria"]["allOf"]
        yield Query(f"alert {name}", criterion["query"], criterion["metricMeasureColumn"])


def _place(name: str, text: str, position: int) -> str:
    return f"{name}:{text[:position].count(chr(10)) + 1}"


def answered(queries: Sequence[Query]) -> list[dict[str, Any]]:
    """What the language service finds in each query, and the columns of its result with their types."""
    question = json.dumps({"tables": TABLES, "queries": [each.text for each in queries]})
    output = subprocess.check_output(["node", HERE / "check.mjs"], input=question, text=True)
    answers: list[dict[str, Any]] = json.loads(output)
    return answers


def findings(query: Query, answer: Mapping[str, Any]) -> list[str]:
    """All that is wrong with a query."""
    found = [*answer["diagnostics"]]
    if not answer["columns"]:
        found.append("there is no result")
    if query.measure and answer["columns"].get(query.measure) not in {"int", "long", "real"}:
        found.append(f"{query.measure} is no number")
    return [f"{query.place}: {each}" for each in found]


def main() -> int:
    """Print what is wrong, or one line with the figures."""
    files = [(in_workbook, INFRA / "workbook.json"), *((in_document, file) for file in DOCUMENTS)]
    read = (within(file.read_text(encoding="utf-8"), str(file.relative_to(ROOT))) for within, file in files)
    queries = [*in_alerts(search_alerts(predicted("everything"))), *(query for each in read for query in each)]
    answers = answered([*queries, *MISTAKES])
    found = [each for query, answer in zip(queries, answers, strict=False) for each in findings(query, answer)]
    mistakes = zip(MISTAKES, answers[len(queries) :], strict=True)
    found += [f"{query.place} is not noticed" for query, answer in mistakes if not findings(query, answer)]
    if len(queries) < LEAST_QUERIES:
        found.append(f"only {len(queries)} queries were found")
    sys.stdout.writelines(f"{each}\n" for each in found)
    sys.stdout.write(f"queries: {len(queries)} checked, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
