"""The project's templates, compared with what the code says, too: each comparison returns the differences."""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

import shared.azure.blob
from local.index import index
from shared import settings as declared
from shared.azure.cosmos.containers import CONTAINERS
from shared.azure.service_bus.entities import LOCK_DURATION, emulator_configuration, unrouted_filter
from shared.events.bus import CONNECTION, MAX_DELIVERY_COUNT, SUBSCRIPTIONS, TOPIC, UNROUTED
from tests.documents import ROOT
from tests.infra.deployment import Deployment, Reference, deployed
from tests.infra.documents import NOT_GIVEN, PLATFORM, ROLES

INFRA = ROOT / "infra"
SOURCES = {str(file.relative_to(INFRA)): file.read_text(encoding="utf-8") for file in sorted(INFRA.rglob("*.bicep"))}
"""Every Bicep file below `infra/`."""

SMALLEST: Mapping[str, Any] = {"environmentName": "dev"}
LARGEST: Mapping[str, Any] = {
    "environmentName": "prod",
    "zoneRedundant": True,
    "privateNetwork": True,
    "serviceBusSku": "Premium",
    "cosmosMaxThroughput": 4000,
    "apiClientId": "client",
    "signIn": True,
    "secretSettings": "TELEGRAM_SECRET,APP_SECRET",
    "operatorPrincipalId": "operator",
    "alertEmails": "one@example.org,two@example.org",
}
"""The parameters with which most is deployed: no condition is false, no list is empty."""

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
SQL_ASSIGNMENT = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def largest(sources: Mapping[str, str] = SOURCES) -> Deployment:
    """The deployment of everything that can be deployed."""
    return deployed(sources, LARGEST)


def _differences(what: str, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    names = sorted({*found, *expected})
    return [
        f"{what} {name}: {found.get(name)} is declared, {expected.get(name)} is expected"
        for name in names
        if found.get(name) != expected.get(name)
    ]


def bus_differences(deployment: Deployment) -> list[str]:
    """The topic and its subscriptions with their filters, against `shared/events/bus.py` and the emulator's file."""
    topics = {each.name: each.properties["requiresDuplicateDetection"] for each in _kind(deployment, "topics")}
    subscriptions = {
        each.name: {
            "DeadLetteringOnMessageExpiration": each.properties["deadLetteringOnMessageExpiration"],
            "LockDuration": each.properties["lockDuration"],
            "MaxDeliveryCount": each.properties["maxDeliveryCount"],
            "RequiresSession": each.properties["requiresSession"],
        }
        for each in _kind(deployment, "topics/subscriptions")
    }
    emulated = emulator_configuration()["UserConfig"]["Namespaces"][0]["Topics"][0]
    written = json.loads((INFRA / "emulators/service-bus.json").read_text("utf-8"))
    expected = {
        each["Name"]: {name: value for name, value in each["Properties"].items() if "TimeToLive" not in name}
        for each in emulated["Subscriptions"]
    }
    filters = {
        deployment.at(each.body["parent"]).name: (each.name, dict(each.properties))
        for each in _kind(deployment, "topics/subscriptions/rules")
    }
    correlated = {
        name: ("$Default", {"filterType": "CorrelationFilter", "correlationFilter": {"label": type_}})
        for name, type_ in SUBSCRIPTIONS.items()
    }
    others = {UNROUTED: ("$Default", {"filterType": "SqlFilter", "sqlFilter": {"sqlExpression": unrouted_filter()}})}
    assert written == emulator_configuration()
    assert all(each["LockDuration"] == LOCK_DURATION for each in expected.values())
    assert all(each["MaxDeliveryCount"] == MAX_DELIVERY_COUNT for each in expected.values())
    return [
        *_differences("topic", topics, {TOPIC: False}),
        *_differences("subscription", subscriptions, expected),
        *_differences("filter of", filters, {**correlated, **others}),
    ]


def trigger_differences(deployment: Deployment) -> list[str]:
    """The topic and subscriptions against those that functions wait for."""
    found = {
        (deployment.at(each.body["parent"]).name, each.name): 1 for each in _kind(deployment, "topics/subscriptions")
    }
    triggers = [one.trigger for one in index() if one.kind == "serviceBusTrigger"]
    expected = {(one["topicName"], one["subscriptionName"]): 1 for one in triggers}
    return _differences("trigger", {str(key): 1 for key in found}, {str(key): 1 for key in expected})


def container_differences(deployment: Deployment) -> list[str]:
    """Database and containers against `shared/azure/cosmos/containers.py`."""
    kind = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"
    databases = {each.name: each.properties["resource"]["id"] for each in deployment.of_type(kind)}
    found = {each.name: each.properties["resource"] for each in deployment.of_type(f"{kind}/containers")}
    expected = {
        each.id: {
            "id": each.id,
            "partitionKey": {
                "paths": list(each.partition_key),
                "kind": "MultiHash" if len(each.partition_key) > 1 else "Hash",
                "version": 2,
            },
            "indexingPolicy": each.indexing_policy,
            "defaultTtl": each.default_ttl,
        }
        for each in CONTAINERS
    }
    name = declared.Settings.model_fields["cosmos_database"].default
    return [*_differences("database", databases, {name: name}), *_differences("container", found, expected)]


def blob_containers() -> list[str]:
    """The containers that the blob adapters use."""
    modules = [
        importlib.import_module(f"{shared.azure.blob.__name__}.{each.name}")
        for each in pkgutil.iter_modules(shared.azure.blob.__path__)
    ]
    return [module.CONTAINER for module in modules if hasattr(module, "CONTAINER")]


def blob_differences(deployment: Deployment) -> list[str]:
    """The blob containers of the tenants' account against those of the adapters."""
    kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
    found = {each.name: 1 for each in deployment.of_type(kind) if each.reference.file == "modules/storage.bicep"}
    return _differences("blob container", found, dict.fromkeys(blob_containers(), 1))


def settings_of(deployment: Deployment) -> dict[str, str]:
    """The settings that the app would have."""
    given = deployment.of_type("Microsoft.Web/sites")[0].properties["siteConfig"]["appSettings"]
    found = {each["name"]: each["value"] for each in given}
    assert len(found) == len(given), "a setting is given twice"
    return found


def settings_read() -> set[str]:
    """Every setting that our code, or the host for our functions, reads."""
    classes = [
        each
        for each in vars(declared).values()
        if isinstance(each, type) and issubclass(each, BaseSettings) and each.__module__ == declared.__name__
    ]
    named = {_variable(each, name) for each in classes for name in each.model_fields}
    texts = [str(value) for one in index() for value in one.trigger.values()]
    return named | {name for text in texts for name in re.findall(r"%(\w+)%", text)}


def _variable(settings: type[BaseSettings], name: str) -> str:
    """The environment variable of a field: its first alias, or its name with the prefix."""
    alias = settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias) if alias else f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def setting_differences(deployment: Deployment) -> list[str]:
    """The settings against those that are read by our code, by the platform, or by tenants' configurations."""
    secrets = LARGEST["secretSettings"].split(",")
    given = dict.fromkeys(settings_of(deployment), 1)
    expected = dict.fromkeys([*(settings_read() - set(NOT_GIVEN)), *PLATFORM, *secrets], 1)
    connections = {one.trigger["connection"] for one in index() if "connection" in one.trigger}
    assert connections == {CONNECTION}
    return _differences("setting", given, expected)


def role_differences(deployment: Deployment) -> list[str]:
    """The roles, the types of resources and who gets the roles, against the table of the document."""
    found = {f"{role} on {scope} to {whom}": 1 for role, scope, whom in _assignments(deployment)}
    return _differences("role", found, {f"{each.id} on {each.scope} to {each.whom}": 1 for each in ROLES})


def _assignments(deployment: Deployment) -> list[tuple[str, str, str]]:
    given = []
    for each in deployment.of_type(ASSIGNMENT):
        scope = each.body.get("scope")
        at = deployment.at(scope).type if isinstance(scope, Reference) else "the resource group"
        given.append((_role(each.properties["roleDefinitionId"]), at, _whom(each.properties["principalId"])))
    for each in deployment.of_type(SQL_ASSIGNMENT):
        account = deployment.at(each.body["parent"])
        databases = deployment.of_type(f"{account.type}/sqlDatabases")
        scopes = {f"{account.reference}.id/dbs/{database.name}": database.type for database in databases}
        at = scopes.get(each.properties["scope"], "more than a database")
        given.append((_role(each.properties["roleDefinitionId"]), at, _whom(each.properties["principalId"])))
    return given


def _role(definition: str) -> str:
    found = _GUID.search(definition)
    return found[0] if found else definition


def _whom(principal: str) -> str:
    return "the app" if principal.endswith("identity.properties.principalId") else principal


def _kind(deployment: Deployment, kind: str) -> list[Any]:
    return deployment.of_type(f"Microsoft.ServiceBus/namespaces/{kind}")


COMPARISONS: tuple[Callable[[Deployment], list[str]], ...] = (
    bus_differences,
    trigger_differences,
    container_differences,
    blob_differences,
    setting_differences,
    role_differences,
)


def differences(sources: Mapping[str, str] = SOURCES) -> list[str]:
    """All differences of the templates from the code and the documents."""
    deployment = largest(sources)
    return [found for compare in COMPARISONS for found in compare(deployment)]
