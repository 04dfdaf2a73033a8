"""Every query is found where it stands, and what the language service says of it is told; without Node that is said."""

from typing import Any

import pytest

from tests.operations.queries.__main__ import Query, findings, in_alerts, in_document, in_workbook

ALERT = Query("a.bicep:1", "AppMetrics", "Found")
NUMBER = {"diagnostics": [], "columns": {"Found": "real"}}


def test_queries_are_found_in_blocks_in_code_and_in_lines_that_nothing_marks() -> None:
    # given a document with queries, other code, and words that are no query
    text = (
        "`AppTraces` | a |\n```kusto\nprint 1\n```\n```\nAppXs | where a\n```\n"
        "`x` `union requests | count\n` appYs | Take 1\n| `traces \\| top 1 by b` | c |\n"
    )
    # when it is read, then it has each query with its line
    assert list(in_document(text, "a.md")) == [
        Query("a.md:3", "print 1\n"),
        Query("a.md:5", "\nAppXs | where a\n"),
        Query("a.md:8", "union requests | count\n"),
        Query("a.md:9", "appYs | Take 1"),
        Query("a.md:10", "traces | top 1 by b"),
    ]


def test_queries_are_found_in_workbook_and_alerts() -> None:
    assert list(in_workbook('{\n"query": "a \\"b\\"", "queryType": 0}', "w")) == [Query("w:2", 'a "b"')]
    criterion = {"query": "a", "metricMeasureColumn": "Found"}
    assert list(in_alerts({"late": {"criteria": {"allOf": [criterion]}}})) == [Query("alert late", "a", "Found")]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (NUMBER, []),
        ({**NUMBER, "diagnostics": ["KS142 no"]}, ["a.bicep:1: KS142 no"]),
        ({**NUMBER, "columns": {"Found": "string"}}, ["a.bicep:1: Found is no number"]),
        ({**NUMBER, "columns": {"Most": "real"}}, ["a.bicep:1: Found is no number"]),
    ],
    ids=["nothing", "a diagnostic", "a text", "another column"],
)
def test_all_that_is_wrong_is_told(answer: dict[str, Any], told: list[str]) -> None:
    assert findings(ALERT, answer) == told


def test_a_query_without_a_result_is_told() -> None:
    assert findings(Query("a.md:1", ""), {"diagnostics": [], "columns": {}}) == ["a.md:1: there is no result"]
