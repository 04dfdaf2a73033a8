"""The compiler that `make templates` found, and its advice, which fails nothing: newer versions of an interface."""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.infra.compiled.compiler import Compiler, Diagnostic
from tests.infra.predicted import INFRA

_ADVICE = pytest.StashKey[list[Diagnostic]]()


@pytest.fixture(scope="session")
def compiler(pytestconfig: pytest.Config) -> Iterator[Compiler]:
    with closing(Compiler(os.environ["BICEP"])) as running:
        yield running
        found = running.compiled(INFRA / "main.bicep")[1]
    pytestconfig.stash[_ADVICE] = [each for each in found if each.level == "Info"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for each in config.stash.get(_ADVICE, []):
        terminalreporter.write_line(str(each))
