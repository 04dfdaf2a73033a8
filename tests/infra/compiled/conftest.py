"""The compiler that `make infra` found."""

import os
from collections.abc import Iterator

import pytest

from tests.infra.compiled.compiler import Compiler


@pytest.fixture(scope="session")
def compiler() -> Iterator[Compiler]:
    with Compiler(os.environ["BICEP"]) as running:
        yield running
