"""The app indexed once by Microsoft's runtime, and a host on it with the tenants of the examples."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.host import RuntimeHost, hosted_by_runtime
from tests.conformance.runtime import Worker, start

ROOT = Path(__file__).parent.parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "runs(*names): the functions that a test runs, each without a failure")


@pytest.fixture(scope="session")
def worker() -> Worker:
    # As deployed: the worker runs each function in the trace of the host's own span.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHON_ENABLE_OPENTELEMETRY", "true")
        return start(ROOT)


@pytest.fixture
async def host(worker: Worker, tmp_path: Path) -> AsyncIterator[RuntimeHost]:
    async with hosted_by_runtime(worker, tmp_path) as running:
        await running.configured("contoso", "fabrikam")
        yield running
