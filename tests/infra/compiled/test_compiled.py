"""Microsoft's compiler accepts every file, and what snapshots do not hold is what the documents say."""

import json
import os
import re
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT
from tests.infra.compiled.compiler import Compiler, Diagnostic
from tests.infra.compiled.snapshots import written
from tests.infra.documents import PARAMETERS
from tests.infra.predicted import INFRA, PARAMETER_FILES, SNAPSHOTS

TEMPLATES = sorted(INFRA.rglob("*.bicep"))
FILES = [*TEMPLATES, *PARAMETER_FILES.values()]
MAIN = INFRA / "main.bicep"
EACH = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def faults(compiler: Compiler, file: Path) -> list[Diagnostic]:
    """The errors and warnings; information is advice."""
    return [each for each in compiler.compiled(file)[1] if each.level != "Info"]


def test_the_compiler_is_the_pinned_one(compiler: Compiler) -> None:
    assert compiler.version() == os.environ["BICEP_VERSION"], "another Bicep compiler than the Makefile pins"


@EACH
def test_every_file_compiles_without_a_warning(compiler: Compiler, file: Path) -> None:
    assert [str(each) for each in faults(compiler, file)] == []


@EACH
def test_every_file_has_the_canonical_layout(compiler: Compiler, file: Path) -> None:
    assert compiler.formatted(file) == file.read_text(encoding="utf-8"), f"`bicep format {file}` changes it"


@EACH
def test_no_file_silences_the_compiler(file: Path) -> None:
    assert "#disable-" not in file.read_text(encoding="utf-8")


def test_every_file_of_parameters_is_read_and_azd_finds_none() -> None:
    found = sorted([*INFRA.rglob("*.bicepparam"), *(ROOT / "tests").rglob("*.bicepparam")])
    assert found == sorted(PARAMETER_FILES.values())


def test_every_template_is_part_of_the_deployment(compiler: Compiler) -> None:
    assert set(TEMPLATES) <= compiler.files_of(MAIN)


@pytest.mark.parametrize("name", PARAMETER_FILES)
def test_the_committed_snapshot_is_what_would_be_deployed(compiler: Compiler, name: str) -> None:
    committed = (SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8").splitlines()
    deployed = written(compiler.snapshot(PARAMETER_FILES[name])).splitlines()
    assert [*unified_diff(committed, deployed, lineterm="")] == [], "`make snapshots` writes the snapshots anew"


def test_no_other_snapshot_is_committed() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(PARAMETER_FILES)


def test_every_parameter_stands_in_the_document_with_its_default_and_bounds(compiler: Compiler) -> None:
    declared = compiler.template(MAIN)["parameters"]
    assert {name: default for name, (default, _, _) in PARAMETERS.items()} == {
        name: shown(each.get("defaultValue", "")) for name, each in declared.items()
    }, "the table of parameters in docs/operations/deploy.md"
    for name, each in declared.items():
        meaning = PARAMETERS[name][2]
        bounds = [str(each[bound]) for bound in ("minLength", "maxLength", "minValue", "maxValue") if each.get(bound)]
        written = re.findall(r"\b(\d+) to (\d+)\b", meaning) if bounds or each["type"] == "int" else []
        assert [*map(list, written)] == ([bounds] if bounds else []), name
        allowed = [value for value in each.get("allowedValues", []) if isinstance(value, int)]
        assert not allowed or [*map(int, re.findall(r"\d+", meaning))] == allowed, name


def shown(default: Any) -> str:
    """A default as the document shows it."""
    if default == "[resourceGroup().location]":
        return "the group's"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_output_is_read(compiler: Compiler) -> None:
    assert unread_outputs(compiler.template(MAIN)) == []


def unread_outputs(template: Mapping[str, Any]) -> list[str]:
    """The outputs of modules that nothing reads; those of the main file are for people."""
    found = []
    for symbol, module in _modules(template).items():
        inner = module["properties"]["template"]
        reading = rf"reference\('{symbol}'\)(?:, null\(\)\), '|\.)outputs(?:', '|\.)(\w+)"
        unread = set(inner.get("outputs", {})) - set(re.findall(reading, json.dumps(template)))
        found += [f"{symbol}.{name}" for name in sorted(unread)]
        found += unread_outputs(inner)
    return found


def _modules(template: Mapping[str, Any]) -> dict[str, Any]:
    """The modules by their symbols; a template without any has a list of resources."""
    resources = template["resources"] if isinstance(template["resources"], dict) else {}
    return {symbol: each for symbol, each in resources.items() if each["type"] == "Microsoft.Resources/deployments"}


def test_what_azure_does_not_do_at_once_comes_one_after_the_other(compiler: Compiler) -> None:
    assert simultaneous(compiler.template(MAIN)) == []


def simultaneous(template: Mapping[str, Any]) -> list[str]:
    """Resources that would be made at the same time, and must not: private endpoints, and a site's configuration."""
    services = _modules(template)["services"]["properties"]["template"]
    network = _modules(services)["network"]["properties"]["template"]["resources"]
    app = _modules(template)["functionApp"]["properties"]["template"]["resources"]
    return [
        *(["private endpoints"] if network["endpoint"]["copy"].get("batchSize") != 1 else []),
        *(["names and zones"] if "zone" not in network["names"]["dependsOn"] else []),
        *(["scm and ftp"] if "ftp" not in app["scm"]["dependsOn"] else []),
        *(["authentication and scm"] if "scm" not in app["authentication"]["dependsOn"] else []),
    ]
