"""The end of a run has one line for all tests that were skipped for one reason."""

import pytest

from tests.skips import lines_of


def skipped(test: str, reason: str) -> pytest.TestReport:
    return pytest.TestReport(test, ("f.py", 1, test), {}, "skipped", ("f.py", 1, f"Skipped: {reason}"), "setup")


def test_each_reason_stands_there_once_with_the_number_of_its_tests() -> None:
    # Given tests of two files that were skipped for two reasons, and one that could not be collected
    reports = [skipped("a", "no browser"), skipped("b", "no bus"), skipped("c", "no bus")]
    file = pytest.CollectReport("d.py", "skipped", ("d.py", 1, "Skipped: no bus"), [])
    # Then each reason has a line, the one of the most tests first
    assert lines_of([*reports, file]) == ["SKIPPED [3] no bus", "SKIPPED [1] no browser"]


def test_without_skips_there_is_no_line() -> None:
    assert lines_of([]) == []
