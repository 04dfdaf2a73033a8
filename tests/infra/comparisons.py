"""What would be deployed, compared with the code and the documents: each comparison returns the differences."""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import shared.azure.blob
from local.index import index
from shared import settings as declared
from shared.azure.cosmos.containers import CONTAINERS
from shared.azure.service_bus.entities import LOCK_DURATION, emulator_configuration, unrouted_filter
from shared.events.bus import CONNECTION, MAX_DELIVERY_COUNT, SUBSCRIPTIONS, TOPIC, UNROUTED
from tests.declared_settings import names_of_fields
from tests.infra.documents import AUDITED, NOT_GIVEN, PLATFORM, ROLES
from tests.infra.predicted import INFRA, Deployment

VAULT_SETTINGS = ("TELEGRAM_SECRET", "APP_SECRET")
"""The settings that `parameters/everything.bicepparam` takes from the vault."""

OPERATOR = "00000000-0000-0000-0000-00000000090e"
"""The object id that `parameters/everything.bicepparam` gives a role to."""

REFUSED_BY_FLEX = {
    "ftpsState",
    "functionsRuntimeScaleMonitoringEnabled",
    "netFrameworkVersion",
    "preWarmedInstanceCount",
    "use32BitWorkerProcess",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "WEBSITE_RUN_FROM_PACKAGE",
}
"""Members of the site's configuration (error 51021: Azure/azure-cli#31414, microsoft/azure-pipelines-tasks#21032), and
settings that other plans need (Microsoft Learn, *Flex Consumption plan deprecations*)."""

SENDERS = ("00000000-0000-0000-0000-0000000005e1", "00000000-0000-0000-0000-0000000005e2")
"""The object ids of senders that `parameters/everything.bicepparam` names."""

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
SQL_ASSIGNMENT = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"


def _differences(what: str, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    names = sorted({*found, *expected})
    return [
        f"{what} {name}: {found.get(name, 'nothing')} is deployed, {expected.get(name, 'nothing')} is expected"
        for name in names
        if found.get(name) != expected.get(name)
    ]


def _missing(what: str, found: Iterable[str], expected: Iterable[str]) -> list[str]:
    return _differences(what, dict.fromkeys(found, "it"), dict.fromkeys(expected, "it"))


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
        each.parent: (each.name, dict(each.properties)) for each in _kind(deployment, "topics/subscriptions/rules")
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
    found = [f"{each.parent}/{each.name}" for each in _kind(deployment, "topics/subscriptions")]
    triggers = [one.trigger for one in index() if one.kind == "serviceBusTrigger"]
    expected = [f"{one['topicName']}/{one['subscriptionName']}" for one in triggers]
    return _missing("trigger", found, expected)


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
            **({} if each.default_ttl is None else {"defaultTtl": each.default_ttl}),
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
    found = [each.name for each in deployment.of_type(kind) if "/stdata" in each.id]
    return _missing("blob container", found, blob_containers())


def settings_of(deployment: Deployment) -> dict[str, str]:
    """The settings that the app would have."""
    given = deployment.the("Microsoft.Web/sites").properties["siteConfig"]["appSettings"]
    found = {each["name"]: each["value"] for each in given}
    assert len(found) == len(given), "a setting is given twice"
    return found


def settings_read() -> set[str]:
    """Every setting that our code, or the host for our functions, reads."""
    named = {names[0] for names in names_of_fields()}
    texts = [str(value) for one in index() for value in one.trigger.values()]
    return named | {name for text in texts for name in re.findall(r"%(\w+)%", text)}


def setting_differences(deployment: Deployment) -> list[str]:
    """The settings against those that are read by our code, by the platform, or by tenants' configurations."""
    expected = [*(settings_read() - set(NOT_GIVEN)), *PLATFORM, *VAULT_SETTINGS]
    connections = {one.trigger["connection"] for one in index() if "connection" in one.trigger}
    assert connections == {CONNECTION}
    return _missing("setting", settings_of(deployment), expected)


def role_differences(deployment: Deployment) -> list[str]:
    """The roles, the types of resources and who gets the roles, against the table of the document."""
    found = [f"{role} on {scope} to {whom}" for role, scope, whom in _assignments(deployment)]
    return _missing("role", found, [f"{each.id} on {each.scope} to {each.whom}" for each in ROLES])


def _assignments(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    identity = deployment.the("Microsoft.ManagedIdentity/userAssignedIdentities").id
    # Only Azure knows the object id of the app's identity, so it is an expression with the identity's own id.
    names = {
        **dict.fromkeys(SENDERS, "senders"),
        OPERATOR: "operator",
        f"[reference('{identity}', '2023-01-31').principalId]": "the app",
    }
    for each in [*deployment.of_type(ASSIGNMENT), *deployment.of_type(SQL_ASSIGNMENT)]:
        # The id has the resource at which the role is given: as the first argument while it has expressions.
        given_at = re.sub(r"^\[extensionResourceId\('([^']*)'.*|/providers/Microsoft.Authorization/.*", r"\1", each.id)
        at = each.properties.get("scope", given_at).replace("/dbs/", "/sqlDatabases/")
        whom = names.get(each.properties["principalId"], "somebody else")
        yield each.properties["roleDefinitionId"].rpartition("/")[2], deployment.type_at(at), whom


def audit_differences(deployment: Deployment) -> list[str]:
    """What the services tell the workspace against the table in `docs/operations/telemetry.md`, and nothing else."""
    suffix = "/providers/Microsoft.Insights/diagnosticSettings/audit"
    workspace = deployment.the("Microsoft.OperationalInsights/workspaces").id
    found = {
        deployment.type_at(each.id.removesuffix(suffix)): {
            name: value for name, value in each.properties.items() if name != "logAnalyticsDestinationType"
        }
        for each in deployment.of_type("Microsoft.Insights/diagnosticSettings")
    }
    expected = {
        of: {"workspaceId": workspace, "logs": [{"category": category, "enabled": True}]}
        for of, category in AUDITED.items()
    }
    return _differences("audit of", found, expected)


def _kind(deployment: Deployment, kind: str) -> list[Any]:
    return deployment.of_type(f"Microsoft.ServiceBus/namespaces/{kind}")


COMPARISONS: tuple[Callable[[Deployment], list[str]], ...] = (
    bus_differences,
    trigger_differences,
    container_differences,
    blob_differences,
    setting_differences,
    role_differences,
    audit_differences,
)


def differences(deployment: Deployment) -> list[str]:
    """All differences of what would be deployed from the code and the documents."""
    return [found for compare in COMPARISONS for found in compare(deployment)]


def refusals(deployment: Deployment) -> list[str]:
    """What Azure is known to refuse.

    A null is sent as it stands, and Cosmos DB refuses one (Azure/bicep#7527). A name may stand once among the settings
    and once among the receivers of alerts, and is never empty.
    """
    site = deployment.the("Microsoft.Web/sites").properties["siteConfig"]
    groups = deployment.of_type("Microsoft.Insights/actionGroups")
    receivers = [each for group in groups for each in group.properties["emailReceivers"]]
    names = [each["name"] for each in [*site["appSettings"], *receivers]]
    return [
        *(f"{each.id} has a null" for each in deployment.all() if re.search(r'[^\\]": null', json.dumps(each.body))),
        *(f"Flex Consumption refuses {name}" for name in sorted(REFUSED_BY_FLEX & {*site, *names})),
        *(f"{name!r} is given {names.count(name)} times" for name in set(names) if not name or names.count(name) > 1),
    ]
