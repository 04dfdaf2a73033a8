"""The resources that would be deployed, as the committed snapshots have them (`make snapshots`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.documents import ROOT

INFRA = ROOT / "infra"
SNAPSHOTS = ROOT / "tests/infra/snapshots"
PARAMETER_FILES = {
    file.stem: file
    for folder in (INFRA, ROOT / "tests/infra")
    for file in sorted(folder.glob("parameters/*.bicepparam"))
}
"""The files of parameters, by the name of the snapshot: those for operators, and those that tests vary."""


@dataclass(frozen=True)
class Resource:
    """A resource that would be deployed. What only Azure knows is an expression in brackets."""

    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def name(self) -> str:
        """The last part of the name."""
        return str(self.body["name"]).rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The name of the resource that this one is part of."""
        return str(self.body["name"]).split("/")[-2]

    @property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("properties", {})
        return found


@dataclass(frozen=True)
class Deployment:
    """All resources of one snapshot."""

    snapshot: Mapping[str, Any]

    def all(self) -> list[Resource]:
        return [Resource(each) for each in self.snapshot["predictedResources"]]

    def of_type(self, type_: str) -> list[Resource]:
        return [each for each in self.all() if each.body["type"] == type_]

    def the(self, type_: str) -> Resource:
        """The only resource of the type. Raises ValueError if there is none, or more than one."""
        (found,) = self.of_type(type_)
        return found

    def type_at(self, id_: str) -> str:
        """The type of the resource with the id. Any other id is that of a resource group, or of more."""
        return {each.id: str(each.body["type"]) for each in self.all()}.get(id_, "more than one resource")


@cache
def predicted(name: str) -> Deployment:
    """The committed snapshot of a file of parameters."""
    return Deployment(json.loads((SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8")))


def search_alerts(deployment: Deployment) -> dict[str, Any]:
    """The properties of each alert that searches logs, by its name."""
    return {each.name: each.properties for each in deployment.of_type("Microsoft.Insights/scheduledQueryRules")}
