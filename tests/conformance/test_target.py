"""Where there is no Python 3.13, the targets that need it say so, and fail where the run is asked for."""

import os
import subprocess

import pytest

from tests.conformance.conftest import ROOT

_UNDEMANDING = {name: value for name, value in os.environ.items() if name not in ("CI", "REQUIRE_ENDPOINTS")}


@pytest.mark.parametrize("target", ["conformance", "licences"])
@pytest.mark.parametrize(
    ("demanded", "fails"),
    [({}, False), ({"CI": ""}, False), ({"CI": "true"}, True), ({"REQUIRE_ENDPOINTS": "1"}, True)],
)
def test_a_missing_python_is_told_and_fails_where_the_run_is_demanded(
    target: str, demanded: dict[str, str], *, fails: bool
) -> None:
    # The tools of `licences` are not installed for this.
    command = ["make", target, "--old-file=.venv-supply-chain/installed", "PYTHON313="]
    environment = {**_UNDEMANDING, **demanded}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert f"{target}: no Python 3.13 was found" in made.stderr
    assert (made.returncode != 0) is fails
