"""The Functions host accepts a misspelt name in silence, so each name in its files is one that its references have."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from shared.events.bus import CONNECTION
from tests.documents import CODE, ROOT, rows
from tests.operations.test_operations import leaves, read_by_code

HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
DEPLOY = (ROOT / "docs/operations/deploy.md").read_text(encoding="utf-8")

# https://json.schemastore.org/host.json, for version 2 with extensions of version 5 (SchemaStore/schemastore 0345caa),
# which lacks `telemetryMode` (https://learn.microsoft.com/azure/azure-functions/opentelemetry-howto).
MEMBERS: Mapping[str, set[str]] = {
    "": {
        "aggregator", "concurrency", "customHandler", "extensionBundle", "extensions", "functionTimeout", "functions",
        "healthMonitor", "languageWorker", "logging", "managedDependency", "retry", "sendCanceledInvocationsToWorker",
        "singleton", "telemetryMode", "version", "watchDirectories", "watchFiles",
    },
    "extensionBundle": {"id", "version"},
    "logging": {"applicationInsights", "console", "fileLoggingMode", "logLevel"},
    # Any category may be named; `default` stands for all others.
    "logging.logLevel": {"default"},
    "extensions": {"blobs", "cosmosDB", "durableTask", "eventHubs", "http", "queues", "sendGrid", "serviceBus"},
    "extensions.serviceBus": {
        "autoCompleteMessages", "clientRetryOptions", "enableCrossEntityTransactions", "maxAutoLockRenewalDuration",
        "maxBatchWaitTime", "maxConcurrentCalls", "maxConcurrentSessions", "maxMessageBatchSize", "prefetchCount",
        "sessionIdleTimeout", "transportType", "webProxy",
    },
}  # fmt: skip
"""The members of an object of host.json, by its path."""
VALUES = {
    "version": {"2.0"},
    "telemetryMode": {"OpenTelemetry"},
    "logging.logLevel.default": {"Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"},
    "extensionBundle.id": {"Microsoft.Azure.Functions.ExtensionBundle"},
}
"""The values of members for which the host has no error either."""

# https://learn.microsoft.com/azure/azure-functions/functions-reference, "Common properties for identity-based
# connections", "Connecting to host storage with an identity"; functions-bindings-service-bus-trigger, "Connections".
CONNECTIONS: Mapping[str, set[str]] = {
    "AzureWebJobsStorage": {
        "accountName", "blobServiceUri", "clientId", "credential", "queueServiceUri", "tableServiceUri"
    },
    CONNECTION: {"clientId", "credential", "fullyQualifiedNamespace"},
}  # fmt: skip
"""The properties of each connection of the host."""
PLATFORM = {
    # https://learn.microsoft.com/azure/azure-functions/functions-app-settings
    "FUNCTIONS_WORKER_RUNTIME", "PYTHON_ENABLE_OPENTELEMETRY",
    # https://learn.microsoft.com/azure/azure-monitor/app/opentelemetry-configuration, for the host from 4.1048 on
    "OTEL_TRACES_SAMPLER",
    # azure.identity.EnvironmentVariables
    "AZURE_CLIENT_ID",
    # https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID", "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
    *CONNECTIONS,
    *(f"{name}__{member}" for name, members in CONNECTIONS.items() for member in members),
}  # fmt: skip
"""The settings that the host, its worker, App Service or Azure's libraries read."""


def unknown_members(document: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The paths of members of host.json, and members with values, that the references do not have."""
    for name, value in document.items():
        own = f"{path}.{name}".strip(".")
        if name not in MEMBERS[path]:
            yield own
        elif isinstance(value, dict):
            yield from unknown_members(value, own)
        elif value not in VALUES.get(own, {value}):
            yield f"{own}={value}"


def unread(settings: Iterable[str]) -> set[str]:
    """The settings that neither our code nor the platform reads."""
    return set(settings) - read_by_code() - PLATFORM


def given_to_the_platform() -> set[str]:
    """The settings that a deployment gives to others than our code."""
    return {code for row in rows(DEPLOY, "Settings for the platform") for code in CODE.findall(row[0])}


def misspelt(path: str) -> dict[str, Any]:
    """host.json with another name for the member with this path."""
    document = copy.deepcopy(HOST)
    *holders, name = path.split(".")
    holder = document
    for each in holders:
        holder = holder[each]
    holder[f"{name}s"] = holder.pop(name)
    return dict(document)


def test_host_json_has_only_members_that_the_host_knows() -> None:
    assert list(unknown_members(HOST)) == []


def test_every_setting_of_the_sample_is_read() -> None:
    assert unread(SAMPLE) == set()


def test_every_setting_that_a_deployment_gives_to_the_platform_is_read() -> None:
    assert given_to_the_platform() >= {"AzureWebJobsStorage__accountName", "PYTHON_ENABLE_OPENTELEMETRY"}
    assert unread(given_to_the_platform()) == set()


@pytest.mark.parametrize("path", [*dict(leaves(HOST)), "extensions", "extensions.serviceBus", "extensionBundle"])
def test_a_misspelt_member_of_host_json_is_noticed(path: str) -> None:
    assert list(unknown_members(misspelt(path))) == [f"{path}s"]


@pytest.mark.parametrize("member", [path for path in VALUES if "." not in path])
def test_a_misspelt_value_of_host_json_is_noticed(member: str) -> None:
    assert list(unknown_members({**HOST, member: f"{HOST[member]}x"})) == [f"{member}={HOST[member]}x"]


@pytest.mark.parametrize("name", sorted({*SAMPLE, *given_to_the_platform()}))
def test_a_misspelt_setting_is_noticed(name: str) -> None:
    assert unread([f"{name}s"]) == {f"{name}s"}
