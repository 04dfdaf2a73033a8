"""The tables of `docs/operations/deploy.md` and `telemetry.md`, as the tests compare them with the templates."""

from dataclasses import dataclass

from tests.documents import ROOT, rows

DEPLOY = (ROOT / "docs/operations/deploy.md").read_text(encoding="utf-8")
TELEMETRY = (ROOT / "docs/operations/telemetry.md").read_text(encoding="utf-8")


def _rows(heading: str, document: str = DEPLOY) -> list[list[str]]:
    """The cells of each row below a heading, without code marks. Raises AssertionError if there is no table."""
    found = rows(document, heading)
    assert found, f"there is no table below {heading!r}"
    return [[cell.strip("`") for cell in row] for row in found]


@dataclass(frozen=True)
class Role:
    """A built-in role, the type of resource that it is given at, to whom, and why."""

    name: str
    id: str
    scope: str
    whom: str
    reason: str


PARAMETERS = {name: (default, variable, meaning) for name, default, variable, meaning in _rows("Parameters")}
"""Name → default, variable of azd, meaning; the cells are empty if there is none."""
PLATFORM = dict(_rows("Settings for the platform"))
"""Settings that our code does not read → who reads them."""
NOT_GIVEN = dict(_rows("Settings that the app does not have on Azure"))
"""Settings that our code reads, and that are not given there → why."""
ROLES = [Role(*cells) for cells in _rows("Roles")]
AUDITED = {of: category for of, category, _, _ in _rows("Audit", TELEMETRY)}
"""The type of a resource → the category of its logs that go to the workspace."""
