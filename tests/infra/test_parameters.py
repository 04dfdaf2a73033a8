"""Parameters and settings stand once: in the templates, in the document's tables, and in the files that give them."""

import json
import re

from shared.access.route_permissions import OPERATOR, ROUTE_PERMISSIONS
from shared.settings import AccessSettings
from tests.documents import ROOT
from tests.infra.comparisons import settings_of, settings_read
from tests.infra.documents import NOT_GIVEN, PARAMETERS, PLATFORM
from tests.infra.predicted import INFRA, predicted

_VARIABLE = re.compile(r"\$\{(\w+)=?([^}]*)\}")


def test_azd_gives_every_parameter_from_the_variable_that_the_document_names() -> None:
    # given what azd passes on
    values = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    # then each parameter of the document is there, with its variable and default
    assert list(values) == list(PARAMETERS)
    for name, (default, variable, meaning) in PARAMETERS.items():
        value = values[name]["value"]
        found = _VARIABLE.fullmatch(value)
        assert (found[1] if found else "") == variable, name
        if name != "location":  # azd always has one
            assert (found[2] if found else value) == default, name
        assert meaning
    # and what is not azd's own has a name that azd never sets
    own = {variable for _, variable, _ in PARAMETERS.values() if not variable.startswith("PATCHBAY_")}
    assert own <= {"AZURE_ENV_NAME", "AZURE_LOCATION", ""}


def test_the_main_file_fits_on_three_screens_and_each_environment_has_the_name_of_its_file() -> None:
    assert len((INFRA / "main.bicep").read_text(encoding="utf-8").splitlines()) < 150
    for file in INFRA.glob("parameters/*.bicepparam"):
        assert predicted(file.stem).the("Microsoft.Web/sites").body["tags"]["azd-env-name"] == file.stem


def test_each_platform_setting_has_its_reader_and_none_is_read_by_our_code_alone() -> None:
    assert all(PLATFORM.values())
    assert all(NOT_GIVEN.values())
    assert not set(PLATFORM) & set(NOT_GIVEN)
    assert not set(settings_of(predicted("smallest"))) & set(NOT_GIVEN)
    assert set(NOT_GIVEN) <= settings_read()


def test_defaults_that_the_code_has_too_are_the_same() -> None:
    settings = settings_of(predicted("smallest"))
    fields = AccessSettings.model_fields
    assert settings["PATCHBAY_BOT_METADATA"] == fields["bot_metadata"].default
    for name in ("requests_per_second", "events_per_second", "bytes_per_second"):
        assert float(settings[f"PATCHBAY_{name.upper()}"]) == fields[name].default
    assert json.loads(settings["PATCHBAY_GRANTS"]) == fields["grants"].default
    assert json.loads(settings["PATCHBAY_SECRET_PREFIXES"]) == fields["secret_prefixes"].default


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
