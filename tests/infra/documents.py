"""The tables of `docs/operations/deploy.md`, as the tests compare them with the templates."""

import re
from dataclasses import dataclass

from tests.broken_copy import ROOT

DEPLOY = (ROOT / "docs/operations/deploy.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of each row of the first table below a heading, without code marks. Raises AssertionError for none."""
    _, found, after = DEPLOY.partition(f"# {heading}\n")
    assert found, f"there is no heading {heading!r}"
    section = re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line.strip()[1:-1].split("|") for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"there is no table below {heading!r}"
    return [[cell.strip().strip("`") for cell in line] for line in lines[2:]]


@dataclass(frozen=True)
class Role:
    """A built-in role, the type of resource that it is given at, to whom, and why."""

    name: str
    id: str
    scope: str
    whom: str
    reason: str


PARAMETERS = {name: (default, variable, meaning) for name, default, variable, meaning in rows("Parameters")}
"""Name → default, variable of azd, meaning; the cells are empty where there is none."""
PLATFORM = dict(rows("Settings for the platform"))
"""Settings that no code of ours reads → who does."""
NOT_GIVEN = dict(rows("Settings that the app does not have on Azure"))
"""Settings that our code reads, and that make no sense there → why."""
ROLES = [Role(*cells) for cells in rows("Roles")]
