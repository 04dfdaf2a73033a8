"""A known vulnerability fails `make licences`; where nobody can be asked, it says so in a line and goes on."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.documents import ROOT
from tools.vulnerabilities import cli

SOUND = {"name": "msgspec", "version": "0.23.0", "vulns": []}
UNKNOWN = {"name": "patchwork", "skip_reason": "Dependency not found on PyPI and could not be audited: patchwork (1)"}
# As pip-audit 2.10.1 writes it.
VULNERABLE = {
    "name": "jinja2",
    "version": "3.1.2",
    "vulns": [
        {
            "id": "CVE-2024-22195",
            "fix_versions": ["3.1.3"],
            "aliases": ["GHSA-h5c8-rqwp-cp95"],
            "description": "an attribute's name",
        },
        {"id": "PYSEC-1", "fix_versions": [], "aliases": [], "description": "nothing helps"},
    ],
}


def audit(folder: Path, status: int, packages: list[dict[str, Any]] | None, said: str = "") -> Result:
    """What the command makes of a program that ends with this status, and says this of packages and of itself."""
    answer = json.dumps({"dependencies": packages, "fixes": []}) if packages is not None else ""
    program = folder / "pip-audit"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nassert '--require-hashes' in sys.argv\n"
        f"print({answer!r})\nprint({said!r}, file=sys.stderr)\nsys.exit({status})\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    return CliRunner().invoke(cli, [str(program), "requirements.txt", "requirements-dev.txt"])


def test_a_known_vulnerability_fails_and_is_named(tmp_path: Path) -> None:
    # given a database that knows two of a package, when it is asked, then both are named, with what mends them
    told = audit(tmp_path, 1, [SOUND, VULNERABLE])
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [
        "jinja2 3.1.2: CVE-2024-22195, GHSA-h5c8-rqwp-cp95, mended in 3.1.3",
        "jinja2 3.1.2: PYSEC-1, mended in no version",
    ]


def test_where_there_is_none_the_packages_are_counted(tmp_path: Path) -> None:
    told = audit(tmp_path, 0, [SOUND, {**SOUND, "name": "idna"}])
    assert (told.exit_code, told.stdout) == (0, "2 packages have no known vulnerability\n")
    # and a package that the database does not know is not passed over in silence
    told = audit(tmp_path, 0, [SOUND, UNKNOWN])
    assert told.stdout == "1 packages have no known vulnerability; the database does not know patchwork\n"


@pytest.mark.parametrize(
    ("status", "packages", "said"),
    [
        # a registry that mirrors packages alone
        (0, [UNKNOWN, UNKNOWN], "No known vulnerabilities found"),
        # no way out: pip-audit says so, or ends with the error of the library that it asks with
        (1, None, "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"),
        (1, None, "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='pypi.org', port=443)"),
        (1, None, "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='pypi.org', port=443)"),
        # the database is out of order
        (1, None, "pip_audit._service.interface.ServiceError"),
    ],
)
def test_where_nobody_can_be_asked_it_says_so_in_a_line_and_goes_on(
    tmp_path: Path, status: int, packages: list[dict[str, Any]] | None, said: str
) -> None:
    told = audit(tmp_path, status, packages, said)
    assert told.exit_code == 0
    assert told.stdout == "no database of vulnerabilities was reached; none has been looked for\n"


def test_requirements_that_cannot_be_read_are_no_database_that_cannot_be_reached(tmp_path: Path) -> None:
    told = audit(tmp_path, 1, None, "ERROR:pip_audit._cli:requirement jinja2==3.1.2 does not contain a hash")
    assert told.exit_code == 1
    assert "does not contain a hash" in told.stderr


def test_make_looks_for_vulnerabilities_after_licences() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (recipe,) = (rule for rule in makefile.split("\n\n") if "\nlicences: " in f"\n{rule}")
    assert "-m tools.vulnerabilities $(AUDIT)/bin/pip-audit requirements.txt requirements-dev.txt" in recipe
