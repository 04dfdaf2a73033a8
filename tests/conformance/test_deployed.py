"""What runs here is what is deployed: every version, that of Microsoft's runtime included."""

from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conformance.conftest import ROOT
from tests.conformance.test_indexing import printed
from tests.requirements import locked

RUNTIME = "azure-functions-runtime"
DEPLOYED = (ROOT / "requirements.txt").read_text(encoding="utf-8")

_HEALTH = """
import asyncio, json, sys
from importlib.metadata import version
from pathlib import Path
from tests.conformance.host import hosted_by_runtime, sent_request
from tests.conformance.runtime import InvocationFailedError, start

ASKED = {"method": "GET", "url": "http://localhost/api/health", "headers": {}, "query": {}, "params": {}, "body": b""}

async def told(worker):
    async with hosted_by_runtime(worker, Path(sys.argv[1])):
        try:
            answer = await worker.run("health", *sent_request(ASKED))
        except InvocationFailedError as failure:
            return str(failure).splitlines()[0]
        return answer.value["status_code"].value

print(json.dumps([version("azure-functions-runtime"), asyncio.run(told(start(Path.cwd())))]))
"""


def applicable(requirements: str) -> list[Requirement]:
    """The requirements that apply to this version of Python."""
    return [one for one, _ in locked(requirements) if one.marker is None or one.marker.evaluate()]


def not_installed(requirements: str) -> list[str]:
    """The requirements of which another version is installed."""
    return [str(one) for one in applicable(requirements) if not one.specifier.contains(version(one.name))]


def health(folder: Path, *, open_telemetry: str, packages: Path | None = None) -> list[str]:
    """The version of the runtime, and the status or failure of the function `health` in a process of its own."""
    preferred = {"PYTHONPATH": str(packages)} if packages else {}
    told: list[str] = printed("-c", _HEALTH, str(folder), PYTHON_ENABLE_OPENTELEMETRY=open_telemetry, **preferred)
    return told


def test_the_runtime_is_deployed_in_one_version_with_all_else_that_runs_here() -> None:
    pins = [str(one.specifier) for one in applicable(DEPLOYED) if one.name == RUNTIME]
    assert pins == [f"=={version(RUNTIME)}"]
    assert not_installed(DEPLOYED) == []


@pytest.mark.parametrize("open_telemetry", ["true", "false"])
def test_the_deployed_runtime_runs_a_function_with_open_telemetry_and_without(
    tmp_path: Path, open_telemetry: str
) -> None:
    assert health(tmp_path, open_telemetry=open_telemetry) == [version(RUNTIME), "200"]
