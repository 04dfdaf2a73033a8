"""What would be deployed fits the code, opens nothing, and has nothing that Azure refuses."""

import json
import re
from collections.abc import Callable

import pytest

from local.index import index
from shared.azure.service_bus.entities import LOCK_DURATION
from tests.documents import ROOT
from tests.infra.comparisons import (
    ASSIGNMENT,
    COMPARISONS,
    SENDERS,
    VAULT_SETTINGS,
    refusals,
    role_differences,
    setting_differences,
    settings_of,
)
from tests.infra.predicted import INFRA, PARAMETER_FILES, Deployment, predicted

EVERY = pytest.mark.parametrize("name", PARAMETER_FILES)
EVERYTHING, SMALLEST = predicted("everything"), predicted("smallest")


@pytest.mark.parametrize("differences", COMPARISONS, ids=lambda compare: compare.__name__)
def test_it_is_what_the_code_and_the_documents_say(differences: Callable[[Deployment], list[str]]) -> None:
    assert differences(EVERYTHING) == []


@EVERY
def test_nothing_is_sent_that_azure_is_known_to_refuse(name: str) -> None:
    assert refusals(predicted(name)) == []


@pytest.mark.parametrize(
    ("name", "app", "data"),
    [("smallest", False, False), ("private-standard", False, True), ("everything", True, True)],
)
def test_zones_are_chosen_for_the_app_and_for_the_data(name: str, app: bool, data: bool) -> None:
    deployment = predicted(name)
    # given the storage that goes with each
    skus = {each.name[:6]: each.body["sku"]["name"] for each in deployment.of_type("Microsoft.Storage/storageAccounts")}
    redundant = {name: sku == "Standard_ZRS" for name, sku in skus.items()}
    # then the app's is its host's, and the data's is that of the tenants
    plan = deployment.the("Microsoft.Web/serverfarms").properties
    (store,) = deployment.the("Microsoft.DocumentDB/databaseAccounts").properties["locations"]
    assert (plan["zoneRedundant"], redundant["sthost"]) == (app, app)
    assert (store["isZoneRedundant"], redundant["stdata"]) == (data, data)


def test_a_vault_that_was_deleted_is_recovered_only_where_that_is_asked_for() -> None:
    assert EVERYTHING.the("Microsoft.KeyVault/vaults").properties["createMode"] == "recover"
    assert SMALLEST.the("Microsoft.KeyVault/vaults").properties["createMode"] == "default"


def test_the_app_has_one_identity_with_which_it_reads_the_vault() -> None:
    site = EVERYTHING.the("Microsoft.Web/sites")
    identity = EVERYTHING.the("Microsoft.ManagedIdentity/userAssignedIdentities").id
    assert {*site.body["identity"]["userAssignedIdentities"], site.properties["keyVaultReferenceIdentity"]} == {
        identity
    }


def test_the_topic_holds_as_much_as_its_tier_allows() -> None:
    topic = "Microsoft.ServiceBus/namespaces/topics"
    assert SMALLEST.the(topic).properties["maxSizeInMegabytes"] == 5 * 1024
    assert EVERYTHING.the(topic).properties["maxSizeInMegabytes"] == 80 * 1024


def test_a_small_deployment_has_the_same_entities_and_less_roles_and_settings() -> None:
    # given a deployment with defaults only, then its entities are the same
    for compare in COMPARISONS[:4]:
        assert compare(SMALLEST) == []
    # and what it lacks is the roles of operator and senders, the settings for signing in, and the secrets
    assert [found for found in role_differences(SMALLEST) if not re.search("to (operator|senders)", found)] == []
    lacking = {found.split(":")[0].removeprefix("setting ") for found in setting_differences(SMALLEST)}
    assert lacking == {"OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID", "WEBSITE_AUTH_AAD_ALLOWED_TENANTS", *VAULT_SETTINGS}


def test_each_sender_that_is_named_may_send_to_the_topic_and_do_nothing_else() -> None:
    # given a deployment with two senders, then each has one role, at the topic alone
    roles = [each for each in EVERYTHING.of_type(ASSIGNMENT) if each.properties["principalId"] in SENDERS]
    assert sorted(each.properties["principalId"] for each in roles) == sorted(SENDERS)
    for each in roles:
        assert each.properties["roleDefinitionId"].endswith("/69a216fc-b8fb-44d8-bc22-1f3c2cd27a39")
        assert "/topics/conversation-events/providers/" in each.id
    # and where nobody is named, nobody but the app has any
    assert not [each for each in SMALLEST.of_type(ASSIGNMENT) if each.properties["principalId"] in SENDERS]


@EVERY
def test_every_service_asks_for_tokens_of_entra_id_and_for_tls_1_2(name: str) -> None:
    def all_have(type_: str, **expected: object) -> None:
        found = predicted(name).of_type(type_)
        assert found
        for each in found:
            assert {name: each.properties.get(name) for name in expected} == expected, each.id

    # Nothing takes a key, an older TLS, or shows a blob to everybody
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
    site = predicted(name).the("Microsoft.Web/sites").properties["siteConfig"]
    assert (site["minTlsVersion"], site["scmMinTlsVersion"]) == ("1.2", "1.2")


@EVERY
def test_no_setting_and_no_output_holds_a_key(name: str) -> None:
    # given a deployment
    deployment = predicted(name)
    # then no key is asked for, and what is secret comes from the vault
    assert not re.search(r"\blist\w*\(", json.dumps(deployment.snapshot))
    settings = settings_of(deployment)
    references = {name for name, value in settings.items() if value.startswith("@Microsoft.KeyVault(")}
    assert references == (set(VAULT_SETTINGS) if name == "everything" else set())
    assert all("_" not in settings[name].partition("SecretName=")[2] for name in references)


def test_private_services_are_reached_in_the_network_only() -> None:
    # given the services of a deployment with a private network
    private = (
        "Microsoft.DocumentDB/databaseAccounts",
        "Microsoft.KeyVault/vaults",
        "Microsoft.ServiceBus/namespaces",
        "Microsoft.Storage/storageAccounts",
    )
    services = [each for type_ in private for each in EVERYTHING.of_type(type_)]
    # then each of its services has no public ingress, and one endpoint whose zone is there
    assert {each.properties["publicNetworkAccess"] for each in services} == {"Disabled"}
    endpoints = EVERYTHING.of_type("Microsoft.Network/privateEndpoints")
    connections = [each.properties["privateLinkServiceConnections"][0]["properties"] for each in endpoints]
    assert sorted(each["privateLinkServiceId"] for each in connections) == sorted(each.id for each in services)
    zones = {each.id for each in EVERYTHING.of_type("Microsoft.Network/privateDnsZones")}
    groups = EVERYTHING.of_type("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    named = [each.properties["privateDnsZoneConfigs"][0]["properties"]["privateDnsZoneId"] for each in groups]
    assert set(named) == zones
    assert len(named) == len(endpoints) == 5
    # and the app runs in the network
    assert EVERYTHING.the("Microsoft.Web/sites").properties["virtualNetworkSubnetId"].endswith("functions")


def test_service_bus_stays_open_where_its_tier_has_no_private_endpoints() -> None:
    deployment = predicted("private-standard")
    assert deployment.the("Microsoft.ServiceBus/namespaces").properties["publicNetworkAccess"] == "Enabled"
    assert len(deployment.of_type("Microsoft.Network/privateEndpoints")) == 4


def test_signing_in_blocks_nobody_who_brings_a_proof_of_their_own() -> None:
    # given that people may sign in
    settings = EVERYTHING.the("Microsoft.Web/sites/config").properties
    # then a request without a session reaches the code
    assert settings["globalValidation"] == {
        "requireAuthentication": False,
        "unauthenticatedClientAction": "AllowAnonymous",
    }
    # and people of the own directory only may sign in
    assert settings_of(EVERYTHING)["WEBSITE_AUTH_AAD_ALLOWED_TENANTS"] == "00000000-0000-0000-0000-000000000002"
    # and without the parameter App Service asks nobody
    assert SMALLEST.of_type("Microsoft.Web/sites/config") == []


def test_the_host_file_fits_the_entities_and_the_plan() -> None:
    # given what the host reads
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    bus = host["extensions"]["serviceBus"]
    app = EVERYTHING.the("Microsoft.Web/sites").properties["functionAppConfig"]
    # then a message's lock is renewed for longer than it lasts, and each call takes one message
    assert LOCK_DURATION == "PT1M"
    assert bus["maxAutoLockRenewalDuration"] > "00:01:00"
    assert bus["maxConcurrentCalls"] >= 1
    assert not any(one.trigger.get("cardinality") == "many" for one in index())
    # and telemetry goes to the place that the settings name
    assert host["telemetryMode"] == "OpenTelemetry"
    assert {"APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"} <= set(
        settings_of(EVERYTHING)
    )
    # and the plan knows the language from there
    assert app["runtime"] == {"name": "python", "version": "3.13"}


def test_the_sample_of_local_settings_names_the_same_settings() -> None:
    # given the settings for `func start`, where a connection string stands for what identity needs several settings for
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    given = {name.partition("__")[0] for name in settings_of(EVERYTHING)}
    # then it has no setting that neither the app on Azure has, nor is for one machine only
    assert set(sample) - given == {"FUNCTIONS_WORKER_RUNTIME", "PATCHBAY_DATABASE"}


def test_the_workbook_can_be_read() -> None:
    workbook = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
    assert len([each for each in workbook["items"] if "query" in each["content"]]) >= 8
