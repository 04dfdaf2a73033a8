"""The endpoints that tests of adapters run against: stand-ins, emulators or Azure, whatever the environment names."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def endpoint(variable: str) -> str:
    """The value of the variable; without it the test is skipped, or fails where endpoints are required."""
    if value := os.environ.get(variable):
        return value
    reason = f"{variable} names no endpoint (python -m tests.standins -- COMMAND starts stand-ins)"
    if os.environ.get("REQUIRE_ENDPOINTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def alone(address: str) -> Iterator[None]:
    """Use the endpoint alone: of tests in several processes, one at a time does."""
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"patchbay-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
