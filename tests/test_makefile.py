"""Where a tool is missing, the targets that need it say so, and fail where the run is asked for."""

import os
import subprocess

import pytest

from tests.documents import ROOT

_UNDEMANDING = {name: value for name, value in os.environ.items() if name not in ("CI", "REQUIRE_ENDPOINTS")}


@pytest.mark.parametrize(
    ("target", "missing", "told"),
    [
        ("conformance", "PYTHON313", "no Python 3.13 was found"),
        ("licences", "PYTHON313", "no Python 3.13 was found"),
        ("templates", "BICEP", "no Bicep compiler was found; 'make bicep' installs it"),
        ("guide", "BICEP", "no Bicep compiler was found; 'make bicep' installs it"),
        ("instructions-check", "VALGRIND", "no Valgrind was found; 'apt-get install valgrind' brings it"),
        ("queries", "NPM", "no npm was found; 'apt-get install npm' brings it"),
    ],
)
@pytest.mark.parametrize(
    ("demanded", "fails"),
    [({}, False), ({"CI": ""}, False), ({"CI": "true"}, True), ({"REQUIRE_ENDPOINTS": "1"}, True)],
)
def test_a_missing_tool_is_told_and_fails_where_the_run_is_demanded(
    target: str, missing: str, told: str, demanded: dict[str, str], *, fails: bool
) -> None:
    # The tools of `licences` are not installed for this.
    command = ["make", target, "--old-file=.venv-supply-chain/installed", f"{missing}="]
    environment = {**_UNDEMANDING, **demanded}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert f"{target}: {told}" in made.stderr
    assert (made.returncode != 0) is fails


def test_snapshots_are_not_written_without_a_compiler() -> None:
    command = ["make", "snapshots", "--old-file=.venv/installed", "BICEP="]
    made = subprocess.run(command, cwd=ROOT, env=_UNDEMANDING, capture_output=True, text=True, check=False)
    assert "no Bicep compiler was found; 'make bicep' installs it" in made.stderr
    assert made.returncode != 0
