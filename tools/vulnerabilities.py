"""The command `python -m tools.vulnerabilities`: what pip-audit knows against locked requirements."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

NOBODY_TO_ASK = re.compile(r"ConnectionError|Could not connect|not redirecting properly|ServiceError|Timeout|SSLError")
"""What pip-audit writes where no database of vulnerabilities answers. Its status is the same whatever is wrong."""

cli = typer.Typer(add_completion=False)


class AuditFailed(Exception):
    """Raised when pip-audit itself fails, for example because it cannot read the requirements."""


def found(packages: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each known vulnerability: the package, the vulnerability's names, and the versions without it."""
    return [
        f"{each['name']} {each['version']}: {', '.join([one['id'], *one['aliases']])}, "
        + (f"mended in {', '.join(one['fix_versions'])}" if one["fix_versions"] else "mended in no version")
        for each in packages
        for one in each.get("vulns", ())
    ]


def summary(packages: Sequence[dict[str, Any]]) -> str:
    """How many packages have no known vulnerability, and which of them the database does not know."""
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    if len(unknown) == len(packages):
        return "no database of vulnerabilities was reached; none has been looked for"
    known = f"{len(packages) - len(unknown)} packages have no known vulnerability"
    return known + (f"; the database does not know {', '.join(unknown)}" if unknown else "")


def audited(command: Sequence[str]) -> Sequence[dict[str, Any]]:
    """What pip-audit says of each package; nothing where it reaches no database."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Makefile names it
    try:
        packages: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        if NOBODY_TO_ASK.search(ran.stderr):
            return []
        raise AuditFailed(ran.stderr) from None
    return packages


@cli.command()
def vulnerabilities(
    pip_audit: Annotated[str, typer.Argument(help="The program, of the version of Python that is deployed.")],
    files: Annotated[list[str], typer.Argument(help="Locked requirements.")],
) -> None:
    """Fail if a package has a known vulnerability. Where no database is reached, say so and succeed."""
    options = ["--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=10"]
    named = [option for file in files for option in ("--requirement", file)]
    try:
        packages = audited([pip_audit, *options, *named])
    except AuditFailed as failed:
        print(failed, file=sys.stderr)
        raise typer.Exit(1) from None
    if known := found(packages):
        print("\n".join(known), file=sys.stderr)
        raise typer.Exit(1)
    print(summary(packages))


if __name__ == "__main__":
    cli()
