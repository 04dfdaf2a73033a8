"""An app that the worker would refuse, or that would lose messages, makes the run fail, and the failure says where."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.conftest import ROOT
from tests.conformance.test_deployed import DEPLOYED, RUNTIME, health, not_installed

# The Makefile installs it beside the environment's own packages.
EARLIER_RUNTIME = Path(sys.prefix) / "earlier-runtime"

_COPIED = ("examples", "functions", "local", "shared", "tests")
_COPIED_FILES = ("function_app.py", "local.settings.sample.json", "pyproject.toml")


@dataclass(frozen=True)
class Control:
    """What is broken, where, the test that must notice, and what it must say."""

    broken: str
    file: str
    code: str
    instead: str
    test: str
    said: str


CONTROLS = (
    Control(
        "a module imports what is not there",
        "functions/health.py",
        "from shared import bootstrap",
        "import nowhere",
        "test_indexing.py",
        "functions/health.py:8: ModuleNotFoundError: No module named 'nowhere'",
    ),
    Control(
        "a module fails while it is loaded",
        "functions/sweep.py",
        "blueprint = func.Blueprint()",
        "blueprint = func.Blueprint()\n1 / 0",
        "test_indexing.py",
        "functions/sweep.py:9: ZeroDivisionError: division by zero",
    ),
    Control(
        "a binding and its parameter have two names",
        "functions/monthly_usage.py",
        "(timer: func",
        "(clock: func",
        "test_indexing.py",
        "cannot load the monthly_usage function",
    ),
    Control(
        "two functions have one route",
        "functions/get_usage.py",
        '"tenants/{tenantId}/usage/{month}"',
        '"tenants/{id}/Conversations/{key}"',
        "test_indexing.py",
        "'tenants/{}/conversations/{}'",
    ),
    Control(
        "a setting is in nobody's sample",
        "functions/sweep.py",
        "%SWEEP_SCHEDULE%",
        "%SWEEP_TIMES%",
        "test_indexing.py",
        "SWEEP_TIMES",
    ),
    Control(
        "the environment is read while a module is loaded",
        "shared/clock.py",
        "from typing import Protocol",
        "from typing import Protocol\n\nimport os\n\nZONE = os.environ.get('TZ')",
        "test_indexing.py::test_importing_the_app_reads_no_environment_and_connects_to_nothing",
        "reads TZ from the environment",
    ),
    Control(
        "the settings are read while a module is loaded",
        "functions/health.py",
        "blueprint = func.Blueprint()",
        "from shared.settings import Settings\n\nblueprint = func.Blueprint()\nSettings()",
        "test_indexing.py::test_importing_the_app_reads_no_environment_and_connects_to_nothing",
        "functions/health.py:13 reads",
    ),
    Control(
        "a database is opened while a module is loaded",
        "functions/health.py",
        "blueprint = func.Blueprint()",
        "blueprint = func.Blueprint()\nbootstrap.pipeline()",
        "test_indexing.py::test_importing_the_app_reads_no_environment_and_connects_to_nothing",
        "sqlite3.connect",
    ),
    Control(
        "a function is run by no test",
        "tests/conformance/test_functions.py",
        '@pytest.mark.runs("health")',
        "",
        "test_functions.py::test_every_function_of_the_app_is_run_by_a_test_of_this_file",
        "health",
    ),
    Control(
        "a named function does not work",
        "functions/health.py",
        '@route(blueprint, "GET", "health")\nasync def health(req: func.HttpRequest) -> func.HttpResponse:',
        '@blueprint.route("health")\nasync def health(req: func.HttpRequest) -> func.HttpResponse:\n    1 / 0',
        "test_functions.py::test_the_health_is_told",
        "['health'] == []",
    ),
    Control(
        "the body of a message comes as text",
        "functions/bus.py",
        "BODY = func.DataType.BINARY",
        "BODY = func.DataType.STRING",
        "test_functions.py::test_a_member_named_like_a_property_of_messages_does_no_harm",
        "does_no_harm[deliverycount]",
    ),
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.broken.replace(" ", "-"))
def test_the_run_fails_and_says_why(control: Control, tmp_path: Path) -> None:
    # Given a copy of the project with one thing broken
    for name in _COPIED:
        # With what is compiled: it is still valid, and compiling all anew takes longer than the run.
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in _COPIED_FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    broken = tmp_path / control.file
    text = broken.read_text(encoding="utf-8")
    assert text.count(control.code) == 1, f"{control.code!r} does not stand once in {control.file}"
    broken.write_text(text.replace(control.code, control.instead), encoding="utf-8")
    # When the functions are indexed and run there
    command = [sys.executable, "-m", "pytest", "-x", "-vv", "-p", "no:cacheprovider", "--show-capture=no"]
    test = f"tests/conformance/{control.test}"
    run = subprocess.run([*command, test], cwd=tmp_path, capture_output=True, text=True, check=False)
    # Then the run fails, and names what is broken
    assert run.returncode == 1, run.stdout[-2000:]
    assert control.said in run.stdout


def test_another_version_than_the_deployed_one_is_noticed() -> None:
    (pin,) = (line.split()[0] for line in DEPLOYED.splitlines() if line.startswith(f"{RUNTIME}=="))
    (earlier,) = not_installed(DEPLOYED.replace(pin, f"{RUNTIME}==1.2.1"))
    assert earlier.startswith(f"{RUNTIME}==1.2.1")


@pytest.mark.parametrize(
    ("open_telemetry", "told"),
    [("true", "health: AttributeError: 'NoneType' object has no attribute 'extract'"), ("false", "200")],
)
def test_an_earlier_runtime_fails_a_function_with_open_telemetry(
    tmp_path: Path, open_telemetry: str, told: str
) -> None:
    assert health(tmp_path, open_telemetry=open_telemetry, packages=EARLIER_RUNTIME) == ["1.2.1", told]
