"""The templates can be read, use all that they declare, and open nothing."""

import json
from typing import Any

import pytest

from local.index import index
from shared.azure.service_bus.entities import LOCK_DURATION
from tests.documents import ROOT
from tests.infra.bicep import BicepError, errors
from tests.infra.deployment import deployed
from tests.infra.templates import (
    COMPARISONS,
    INFRA,
    LARGEST,
    SMALLEST,
    SOURCES,
    blob_differences,
    bus_differences,
    container_differences,
    largest,
    role_differences,
    setting_differences,
    settings_of,
    trigger_differences,
)

BOTH = pytest.mark.parametrize("parameters", [SMALLEST, LARGEST], ids=["smallest", "largest"])


@pytest.mark.parametrize("path", SOURCES)
def test_every_file_is_bicep(path: str) -> None:
    assert errors(SOURCES[path]) == []


def test_what_is_not_bicep_is_named_with_its_line() -> None:
    assert errors("param a string\nvar b = [\n")[0].startswith("2: ")


def test_the_main_file_fits_on_three_screens_and_nothing_is_declared_in_vain() -> None:
    assert len(SOURCES["main.bicep"].splitlines()) < 150
    deployment = largest()
    assert deployment.unused() == []
    assert set(deployment.files) == set(SOURCES)


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("principalId: identity.outputs.principalId", "principalId: identity.outputs.principal"),
        ("sweepSchedule: sweepSchedule\n", ""),
        ("location: location, tags: tags }", "location: location, tags: tags, more: 1 }"),
        ("token: token", "token: tokens"),
    ],
    ids=["an output", "a parameter that lacks", "a parameter too many", "a name"],
)
def test_what_no_file_declares_is_noticed(code: str, instead: str) -> None:
    # given a main file with a name in it that leads nowhere
    assert code in SOURCES["main.bicep"]
    broken = {**SOURCES, "main.bicep": SOURCES["main.bicep"].replace(code, instead)}
    # when it is evaluated, then it is refused
    with pytest.raises(BicepError):
        deployed(broken, LARGEST)


def test_the_topic_and_its_subscriptions_are_those_of_the_code_and_of_the_emulator() -> None:
    assert bus_differences(largest()) == []


def test_every_subscription_has_a_function_and_every_trigger_a_subscription() -> None:
    assert trigger_differences(largest()) == []


def test_the_containers_are_those_of_the_code() -> None:
    assert container_differences(largest()) == []


def test_the_blob_containers_are_those_of_the_code() -> None:
    assert blob_differences(largest()) == []


def test_no_setting_is_unresolved_and_none_is_unused() -> None:
    assert setting_differences(largest()) == []


def test_a_small_deployment_has_the_same_entities_and_less_roles_and_settings() -> None:
    # given a deployment with defaults only
    smallest = deployed(SOURCES, SMALLEST)
    # then its entities are the same
    for compare in COMPARISONS[:4]:
        assert compare(smallest) == []
    # and what it lacks is the operator's role, the setting for signing in, and the secrets
    assert [found for found in role_differences(smallest) if "to operator" not in found] == []
    lacking = {found.split(":")[0].removeprefix("setting ") for found in setting_differences(smallest)}
    assert lacking == {"OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID", "TELEGRAM_SECRET", "APP_SECRET"}


@BOTH
def test_every_service_asks_for_tokens_of_entra_id_and_for_tls_1_2(parameters: dict[str, Any]) -> None:
    # given what would be deployed
    deployment = deployed(SOURCES, parameters)

    def all_have(type_: str, **expected: object) -> None:
        found = deployment.of_type(type_)
        assert found
        for each in found:
            assert {name: each.properties.get(name) for name in expected} == expected, each.reference

    # then nothing takes a key, an older TLS, or shows a blob to everybody
    all_have("Microsoft.ServiceBus/namespaces", disableLocalAuth=True, minimumTlsVersion="1.2")
    all_have("Microsoft.DocumentDB/databaseAccounts", disableLocalAuth=True, minimalTlsVersion="Tls12")
    all_have("Microsoft.DocumentDB/databaseAccounts", disableKeyBasedMetadataWriteAccess=True)
    all_have("Microsoft.Storage/storageAccounts", allowSharedKeyAccess=False, allowBlobPublicAccess=False)
    all_have("Microsoft.Storage/storageAccounts", minimumTlsVersion="TLS1_2", supportsHttpsTrafficOnly=True)
    all_have("Microsoft.Storage/storageAccounts/blobServices/containers", publicAccess="None")
    all_have("Microsoft.Insights/components", DisableLocalAuth=True)
    all_have("Microsoft.OperationalInsights/workspaces", features={"disableLocalAuth": True})
    all_have("Microsoft.KeyVault/vaults", enableRbacAuthorization=True, enablePurgeProtection=True)
    all_have("Microsoft.Web/sites", httpsOnly=True)
    all_have("Microsoft.Web/sites/basicPublishingCredentialsPolicies", allow=False)
    site = deployment.of_type("Microsoft.Web/sites")[0].properties["siteConfig"]
    assert (site["minTlsVersion"], site["scmMinTlsVersion"], site["ftpsState"]) == ("1.2", "1.2", "Disabled")


@BOTH
def test_no_setting_and_no_output_holds_a_key(parameters: dict[str, Any]) -> None:
    # given all files and settings
    settings = settings_of(deployed(SOURCES, parameters))
    # then no key is asked for, and what is secret comes from the vault
    for source in SOURCES.values():
        assert "listKeys" not in source
        assert "listSecrets" not in source
    secrets = parameters.get("secretSettings", "").split(",") if "secretSettings" in parameters else []
    references = {name for name, value in settings.items() if value.startswith("@Microsoft.KeyVault(")}
    assert references == set(secrets)
    assert all("_" not in settings[name].partition("SecretName=")[2] for name in references)


def test_private_services_are_reached_in_the_network_only() -> None:
    # given a deployment with a private network
    deployment = largest()
    private = (
        "Microsoft.DocumentDB/databaseAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ServiceBus/namespaces",
        "Microsoft.Storage/storageAccounts",
    )
    services = [each for type_ in private for each in deployment.of_type(type_)]
    # then each of its services has no public ingress, and one endpoint whose zone is there
    assert {each.properties["publicNetworkAccess"] for each in services} == {"Disabled"}
    endpoints = deployment.of_type("Microsoft.Network/privateEndpoints")
    connections = [each.properties["privateLinkServiceConnections"][0]["properties"] for each in endpoints]
    assert sorted(each["privateLinkServiceId"] for each in connections) == sorted(f"{s.reference}.id" for s in services)
    zones = {each.name for each in deployment.of_type("Microsoft.Network/privateDnsZones")}
    groups = deployment.of_type("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    named = [each.properties["privateDnsZoneConfigs"][0]["properties"]["privateDnsZoneId"] for each in groups]
    assert {each.rpartition(", ")[2].rstrip(")") for each in named} == zones
    assert len(named) == len(endpoints) == 5
    # and the app runs in the network
    assert deployment.of_type("Microsoft.Web/sites")[0].properties["virtualNetworkSubnetId"].endswith("functions")


def test_service_bus_stays_open_where_its_tier_has_no_private_endpoints() -> None:
    deployment = deployed(SOURCES, {**LARGEST, "serviceBusSku": "Standard"})
    assert deployment.of_type("Microsoft.ServiceBus/namespaces")[0].properties["publicNetworkAccess"] == "Enabled"
    assert len(deployment.of_type("Microsoft.Network/privateEndpoints")) == 4


def test_signing_in_blocks_nobody_who_brings_a_proof_of_their_own() -> None:
    # given that people may sign in
    settings = largest().of_type("Microsoft.Web/sites/config")[0].properties
    # then a request without a session reaches the code
    assert settings["globalValidation"] == {
        "requireAuthentication": False,
        "unauthenticatedClientAction": "AllowAnonymous",
    }
    # and without the parameter App Service asks nobody
    assert deployed(SOURCES, SMALLEST).of_type("Microsoft.Web/sites/config") == []


def test_the_host_file_fits_the_entities_and_the_plan() -> None:
    # given what the host reads
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    bus = host["extensions"]["serviceBus"]
    app = largest().of_type("Microsoft.Web/sites")[0].properties["functionAppConfig"]
    # then a message's lock is renewed for longer than it lasts, and each call takes one message
    assert LOCK_DURATION == "PT1M"
    assert bus["maxAutoLockRenewalDuration"] > "00:01:00"
    assert bus["maxConcurrentCalls"] >= 1
    assert not any(one.trigger.get("cardinality") == "many" for one in index())
    # and telemetry goes to the place that the settings name
    assert host["telemetryMode"] == "OpenTelemetry"
    assert {"APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"} <= set(
        settings_of(largest())
    )
    # and the plan knows the extension bundle and the language from there, not from settings that it refuses
    assert app["runtime"] == {"name": "python", "version": "3.13"}
    assert not {"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"} & set(
        settings_of(largest())
    )


def test_the_sample_of_local_settings_names_the_same_settings() -> None:
    # given the settings for `func start`, where a connection string stands for what identity needs several settings for
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    given = {name.partition("__")[0] for name in settings_of(largest())}
    # then it has no setting that neither the app on Azure has, nor is for one machine only
    assert set(sample) - given == {"FUNCTIONS_WORKER_RUNTIME", "PATCHBAY_DATABASE"}


def test_the_workbook_can_be_read() -> None:
    workbook = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
    assert len([each for each in workbook["items"] if "query" in each["content"]]) >= 8
