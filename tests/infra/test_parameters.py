"""Parameters stand once: in the main file, in the document's table, and in the files that give them."""

import json
import re
from typing import Any

import pytest

from shared.access.route_permissions import OPERATOR, ROUTE_PERMISSIONS
from shared.settings import AccessSettings
from tests.documents import ROOT
from tests.infra.bicep import parsed
from tests.infra.deployment import deployed
from tests.infra.documents import NOT_GIVEN, PARAMETERS, PLATFORM
from tests.infra.templates import INFRA, SMALLEST, SOURCES, settings_of, settings_read

MAIN = parsed("main.bicep", SOURCES["main.bicep"])
TYPES = {"string": str, "int": int, "bool": bool}
ENVIRONMENTS = sorted((INFRA / "parameters").glob("*.json"))
_VARIABLE = re.compile(r"\$\{(\w+)=?([^}]*)\}")


def shown(default: Any) -> str:
    """A default as the document shows it: without quotes, and empty where there is none."""
    text = (default.text or b"").decode() if default is not None else ""
    return {"resourceGroup().location": "the group's"}.get(text, text.strip("'"))


def given(file: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["parameters"]
    return {name: each["value"] for name, each in parameters.items()}


def test_every_parameter_stands_in_the_document_with_its_default_and_no_other_does() -> None:
    declared = {name: shown(default) for name, (_, default) in MAIN.parameters.items()}
    assert {name: default for name, (default, _, _) in PARAMETERS.items()} == declared
    assert all(meaning for _, _, meaning in PARAMETERS.values())


def test_azd_gives_every_parameter_from_the_variable_that_the_document_names() -> None:
    # given what azd passes on
    values = given(INFRA / "main.parameters.json")
    # then each parameter is there, with the variable of the document, and the default of the main file
    assert list(values) == list(MAIN.parameters)
    for name, value in values.items():
        default, variable, _ = PARAMETERS[name]
        found = _VARIABLE.fullmatch(value)
        assert (found[1] if found else "") == variable, name
        if name != "location":  # azd always has one
            assert (found[2] if found else value) == default, name


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.stem)
def test_an_environment_gives_parameters_that_there_are_of_their_types_and_in_their_limits(file: Any) -> None:
    values = given(file)
    assert values["environmentName"] == file.stem
    for name, value in values.items():
        type_, _ = MAIN.parameters[name]
        assert type(value) is TYPES[type_], name
        limits = limits_of(name)
        assert limits.get("minValue", value) <= value <= limits.get("maxValue", value), name
        assert value in limits.get("allowed", [value]), name
    assert len(deployed(SOURCES, values).resources) > 50


def limits_of(name: str) -> dict[str, Any]:
    """What the decorators of a parameter allow."""
    texts = {key: (node.text or b"").decode()[1:-1].replace("'", '"') for key, node in MAIN.decorators[name].items()}
    return {key: json.loads(text) for key, text in texts.items() if key in ("minValue", "maxValue", "allowed")}


def test_each_platform_setting_has_its_reader_and_none_is_read_by_our_code_alone() -> None:
    assert all(PLATFORM.values())
    assert all(NOT_GIVEN.values())
    assert not set(PLATFORM) & set(NOT_GIVEN)
    assert not set(settings_of(deployed(SOURCES, SMALLEST))) & set(NOT_GIVEN)
    assert set(NOT_GIVEN) <= settings_read()


def test_defaults_that_the_code_has_too_are_the_same() -> None:
    settings = settings_of(deployed(SOURCES, SMALLEST))
    fields = AccessSettings.model_fields
    assert settings["PATCHBAY_BOT_METADATA"] == fields["bot_metadata"].default
    assert float(settings["PATCHBAY_REQUESTS_PER_SECOND"]) == fields["requests_per_second"].default
    assert json.loads(settings["PATCHBAY_GRANTS"]) == fields["grants"].default


def test_the_registration_has_the_roles_that_open_routes_each_with_an_id_of_its_own() -> None:
    # given what the app registration gets
    registration = json.loads((INFRA / "app-registration.json").read_text(encoding="utf-8"))
    roles = registration["appRoles"]
    scope = registration["api"]["oauth2PermissionScopes"][0]["id"]
    # then it has the roles of the table of openings, for people and systems, and tokens of version 2
    assert {each["value"] for each in roles} == {one.role for one in ROUTE_PERMISSIONS.values() if one.role} | {
        OPERATOR
    }
    assert len({*(each["id"] for each in roles), scope}) == len(roles) + 1
    assert {tuple(each["allowedMemberTypes"]) for each in roles} == {("User", "Application")}
    assert registration["api"]["requestedAccessTokenVersion"] == 2
    # and the document names the same scope
    assert scope in (ROOT / "docs/operations/deploy.md").read_text(encoding="utf-8")
