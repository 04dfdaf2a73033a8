"""A scan of all that is logged or printed while a test runs: it may contain none of the seeds.

`tests/conftest.py` switches it on, in every process that runs tests. A test in which a seed is found fails in its end.
"""

import json
import logging
import re
from collections.abc import Generator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.seeds import SEEDS

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id"}
_FORMATTER = logging.Formatter("%(message)s")


def _spellings(seed: str) -> set[str]:
    """The seed as a log may contain it: plain, in JSON, in the repr of bytes, in an address."""
    return {seed, json.dumps(seed)[1:-1], repr(seed.encode())[2:-1], quote(seed, safe=""), quote_plus(seed)}


_SPELLINGS = {spelling: what for what, seed in SEEDS.items() for spelling in _spellings(seed)}
_ANY = re.compile("|".join(map(re.escape, _SPELLINGS)))


def seeds_in(text: str) -> list[str]:
    """The names of the seeds that the text contains."""
    return sorted({_SPELLINGS[found] for found in _ANY.findall(text)})


def all_of(record: logging.LogRecord) -> str:
    """All that a handler could write of a record: message, exception, arguments, and extra members."""
    own = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
    return f"{_FORMATTER.format(record)}\n{record.args}\n{own}"


class LogScan(logging.Handler):
    """A handler for all loggers, and a plugin of pytest that fails the test in which a seed was found."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        for what in seeds_in(all_of(record)):
            # The line itself is left out: many people read reports of tests.
            self._found.append(f"{what} is logged by {record.name} ({record.pathname}:{record.lineno})")

    def found(self) -> list[str]:
        """The seeds found since the last call."""
        found, self._found = self._found, []
        return found

    def pytest_configure(self) -> None:
        root = logging.getLogger()
        root.addHandler(self)
        root.setLevel(logging.DEBUG)

    def pytest_unconfigure(self) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(logging.WARNING)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        if report.when != "teardown":
            return report
        # Processes that a test started print here, too.
        printed = [
            f"{what} stands in {title}"
            for title, text in report.sections
            if title.startswith(("Captured stdout", "Captured stderr"))
            for what in seeds_in(text)
        ]
        found = [*self.found(), *printed]
        if found and report.passed:
            report.outcome, report.longrepr = "failed", "\n".join(sorted(set(found)))
        return report
