"""Whatever is wrong in the templates is noticed: each change is compiled, one at a time."""

import shutil
from pathlib import Path

import pytest

from shared.azure.cosmos.containers import CONTAINERS
from shared.events.bus import SUBSCRIPTIONS, TOPIC, UNROUTED
from tests.infra.comparisons import VAULT_SETTINGS, blob_containers, differences, refusals, settings_of
from tests.infra.compiled.compiler import Compiler, RefusedError
from tests.infra.compiled.test_compiled import faults, simultaneous, unread_outputs
from tests.infra.documents import ROLES, Role
from tests.infra.predicted import INFRA, PARAMETER_FILES, Deployment, predicted
from tests.infra.test_alerts import searches_of_less_than_two_periods

MAIN, BUS, COSMOS, BLOBS, APP, ALERTS, NETWORK, SERVICES, AUDIT = (
    "main.bicep",
    *(f"modules/{name}.bicep" for name in ("serviceBus", "cosmos", "storage", "functionApp")),
    *(f"modules/{name}.bicep" for name in ("alerts", "network", "services", "audit")),
)
EMULATED = "emulators/service-bus.json"
ENTITIES = [
    *((EMULATED, f'"{name}"') for name in (TOPIC, UNROUTED, *SUBSCRIPTIONS, *SUBSCRIPTIONS.values())),
    *((EMULATED, f"'{name}'") for name in SUBSCRIPTIONS.values()),
    *((COSMOS, f"'{each.id}'") for each in CONTAINERS),
    *((COSMOS, f"'{path}'") for each in CONTAINERS for path in (*each.partition_key, *each.searched)),
    (COSMOS, "'patchbay'"),
    *((BLOBS, f"'{name}'") for name in blob_containers()),
]
SETTINGS = sorted(set(settings_of(predicted("everything"))) - set(VAULT_SETTINGS))
GROUPS = " = resourceGroup().location"


@pytest.fixture
def copy(compiler: Compiler, tmp_path: Path) -> "Copy":
    return Copy(compiler, tmp_path / "infra")


class Copy:
    """The templates in a folder of their own, where they may be changed."""

    def __init__(self, compiler: Compiler, folder: Path) -> None:
        shutil.copytree(INFRA, folder)
        self.compiler, self.folder, self.main = compiler, folder, folder / MAIN

    def change(self, path: str, code: str, instead: str) -> None:
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert code in text, f"{code!r} does not stand in {path}"
        file.write_text(text.replace(code, instead), encoding="utf-8")

    def deployed(self, parameters: str | None = None) -> Deployment:
        """What everything, or some parameters, would deploy now. Raises RefusedError."""
        everything = PARAMETER_FILES["everything"].read_text(encoding="utf-8")
        text = f"using '../main.bicep'\n{parameters}" if parameters else everything
        file = self.folder / "parameters/own.bicepparam"
        file.write_text(text.replace("../../../infra/main", "../main"), encoding="utf-8")
        return Deployment(self.compiler.snapshot(file))

    def codes(self, path: str = MAIN) -> set[str]:
        """The codes of the errors and warnings."""
        return {each.code for each in faults(self.compiler, self.folder / path)}


def test_as_they_are_nothing_differs(copy: Copy) -> None:
    assert copy.codes() == set()
    assert differences(copy.deployed()) == refusals(copy.deployed()) == []


@pytest.mark.parametrize(
    ("code", "path", "old", "new"),
    [
        ("BCP089", APP, "httpsOnly:", "httpOnly:"),
        ("BCP036", MAIN, "zoneRedundant: zoneRedundantApp", "zoneRedundant: environmentName"),
        ("BCP053", MAIN, "principalId: identity.outputs.principalId", "principalId: identity.outputs.object"),
        ("BCP035", MAIN, "sweepSchedule: sweepSchedule\n", ""),
        ("BCP037", MAIN, "location: location, tags: tags }", "location: location, tags: tags, more: 1 }"),
        ("BCP057", MAIN, "token: token", "token: tokens"),
        ("BCP057", BUS, "parent: topic\n", "parent: topics\n"),
        ("BCP019", MAIN, "var token = uniqueString(", "var token = uniqueString"),
        ("BCP318", SERVICES, "network.?outputs", "network.outputs"),
        ("no-unused-params", APP, "  { name: 'SWEEP_SCHEDULE', value: sweepSchedule }\n", ""),
        ("no-unused-vars", MAIN, "var tags =", "var unused = 1\nvar tags ="),
        ("no-module-name", MAIN, "bicep' = {\n", "bicep' = {\n  name: 'a'\n"),
        ("use-user-defined-types", APP, "param tags { *: string }", "param tags object"),
        ("no-hardcoded-location", COSMOS, "\n  location: location\n", "\n  location: 'westeurope'\n"),
        ("no-loc-expr-outside-params", MAIN, "location: location\n", "location: resourceGroup().location\n"),
        ("explicit-values-for-loc-params", SERVICES, "param location string\n", f"param location string{GROUPS}\n"),
    ],
)  # fmt: skip
def test_what_the_compiler_and_its_rules_refuse_is_noticed(
    copy: Copy, code: str, path: str, old: str, new: str
) -> None:
    copy.change(path, old, new)
    if GROUPS in new:
        copy.change(MAIN, "    location: location\n", "")
    assert code in copy.codes()


def test_an_old_version_of_an_interface_is_advice(copy: Copy) -> None:
    copy.change("modules/identity.bicep", "@2023-01-31", "@2018-11-30")
    found = [each for each in copy.compiler.compiled(copy.main)[1] if "'2018-11-30' is" in each.message]
    assert [(each.level, each.code) for each in found] == [("Info", "use-recent-api-versions")]
    assert copy.codes() == set()


def test_a_file_that_is_laid_out_otherwise_is_noticed(copy: Copy) -> None:
    copy.change(MAIN, "param location string", "param  location string")
    assert copy.compiler.formatted(copy.main) != copy.main.read_text(encoding="utf-8")


@pytest.mark.parametrize(("path", "name"), dict.fromkeys(ENTITIES), ids=lambda each: str(each).rpartition("/")[2])
def test_an_entity_with_another_name_is_noticed(copy: Copy, path: str, name: str) -> None:
    renamed = f"{name[:-1]}x{name[-1]}"
    copy.change(path, name, renamed)
    assert any(renamed[1:-1] in each for each in differences(copy.deployed()))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_with_another_name_is_noticed(copy: Copy, name: str) -> None:
    copy.change(APP, f"'{name}'", f"'{name}x'")
    found = differences(copy.deployed())
    assert sorted(each.split(":")[0] for each in found) == [f"setting {name}", f"setting {name}x"]


@pytest.mark.parametrize("role", {role.id: role for role in ROLES}.values(), ids=lambda role: role.name)
def test_another_role_is_noticed(copy: Copy, role: Role) -> None:
    # given the id of a role, which stands in one file, made another
    path = next(file for file in INFRA.rglob("*.bicep") if role.id in file.read_text(encoding="utf-8"))
    other = role.id[:-1] + ("0" if role.id[-1] != "0" else "1")
    copy.change(str(path.relative_to(INFRA)), role.id, other)
    # when the roles are compared, then the difference is told, once for each place where it is given
    assert len(differences(copy.deployed())) == 2 * [each.id for each in ROLES].count(role.id)


@pytest.mark.parametrize(
    ("path", "code", "instead"),
    [
        (BUS, "scope: topic\n", "scope: namespace\n"),
        (BUS, "scope: subscription[i]\n", "scope: topic\n"),
        (BLOBS, "scope: container[i]\n", "scope: account\n"),
        (COSMOS, "scope: '${account.id}/dbs/${databaseName}'", "scope: account.id"),
        ("modules/keyVault.bicep", "  scope: vault\n", ""),
        ("modules/monitoring.bicep", "scope: applicationInsights\n", "scope: workspace\n"),
    ],
    ids=["sender", "receiver", "blobs", "documents", "secrets", "telemetry"],
)
def test_a_role_that_is_given_on_more_is_noticed(copy: Copy, path: str, code: str, instead: str) -> None:
    copy.change(path, code, instead)
    assert any(each.startswith("role ") for each in differences(copy.deployed()))


@pytest.mark.parametrize(
    ("path", "code", "instead"),
    [
        (EMULATED, '"MaxDeliveryCount": 10', '"MaxDeliveryCount": 9'),
        (EMULATED, '"LockDuration": "PT1M"', '"LockDuration": "PT5M"'),
        (EMULATED, '"RequiresSession": false', '"RequiresSession": true'),
        (EMULATED, '"RequiresDuplicateDetection": false', '"RequiresDuplicateDetection": true'),
        (BUS, "name: '$Default'", "name: each.name"),
        (EMULATED, "IS NULL OR ", "IS NULL AND "),
        (BUS, "label: each.rule.CorrelationFilter.Label", "label: each.name"),
        (COSMOS, "    ttl: -1\n", ""),
        (COSMOS, "    name: 'configurations'\n", "    name: 'configurations'\n    ttl: -1\n"),
        (COSMOS, "'MultiHash' : 'Hash'", "'Hash' : 'Hash'"),
        (COSMOS, "excludedPaths: [{ path: '/*' }]", "excludedPaths: []"),
        (BLOBS, "  { name: 'archive', coolAfterDays: 90 }\n", ""),
        (AUDIT, "'ControlPlaneRequests'", "'DataPlaneRequests'"),
        (AUDIT, "category: 'StorageDelete'", "categoryGroup: 'allLogs'"),
        (AUDIT, "enabled: true", "enabled: false"),
        ("modules/identity.bicep", "identity.properties.principalId", "identity.properties.clientId"),
        ("modules/keyVault.bicep", "principalId: operatorPrincipalId", "principalId: tenant().tenantId"),
        (APP, "'ClientId=${identityClientId};Authorization=AAD' }\n", "'' }\n  { name: 'UNKNOWN', value: '' }\n"),
    ],
)
def test_another_property_is_noticed(copy: Copy, path: str, code: str, instead: str) -> None:
    copy.change(path, code, instead)
    assert differences(copy.deployed()) != []


@pytest.mark.parametrize(
    ("path", "code", "instead", "told"),
    [
        (APP, "http20Enabled: true", "http20Enabled: true\n      ftpsState: 'Disabled'", "ftpsState"),
        (APP, "'OTEL_TRACES_SAMPLER_ARG'", "'FUNCTIONS_WORKER_RUNTIME'", "FUNCTIONS_WORKER_RUNTIME"),
        (COSMOS, "...(each.?ttl == null ? {} : { defaultTtl: each.ttl! })", "defaultTtl: each.?ttl", "has a null"),
        (MAIN, "listed('alertEmails', alertEmails)", "[alertEmails, '']", "'' is given 1 times"),
        (MAIN, "listed('alertEmails', alertEmails)", "['a', 'a', alertEmails]", "'a' is given 2 times"),
        (MAIN, "listed('vaultSettings', vaultSettings)", "['', vaultSettings]", "'' is given 1 times"),
    ],
)  # fmt: skip
def test_what_azure_refuses_is_noticed(copy: Copy, path: str, code: str, instead: str, told: str) -> None:
    copy.change(path, code, instead)
    found = refusals(copy.deployed())
    assert found
    assert all(told in each for each in found)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("param signIn = true", "signIn: it needs apiClientId"),
        ("param alertEmails = 'a@example.org,'", "alertEmails: an entry is empty"),
        ("param vaultSettings = 'APP_SECRET,,OTHER'", "vaultSettings: an entry is empty or has a blank"),
        ("param vaultSettings = 'APP SECRET'", "vaultSettings: an entry is empty or has a blank"),
        ("param grants = '{'", "grants"),
        ("param signIn = true\nparam apiClientId = ' '", "signIn: it needs apiClientId"),
        ("param vaultSettings = 'PATCHBAY_grants'", "vaultSettings: PATCHBAY_grants has a value already"),
        ("param requestsPerSecond = -1", "too small"),
        ("param cosmosMaxThroughput = 500", "cosmosMaxThroughput: 500 is neither 0 nor a multiple of 1000"),
        ("param cosmosMaxThroughput = -1", "too small"),
        ("param logRetentionDays = 29", "too small"),
    ],
)
def test_parameters_that_cannot_be_deployed_are_refused_with_a_sentence(copy: Copy, parameters: str, told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        copy.deployed(f"param environmentName = 'x'\n{parameters}\n")


def test_an_output_that_nothing_reads_is_noticed(copy: Copy) -> None:
    copy.change("modules/identity.bicep", "output id string", "output other string = name\noutput id string")
    assert unread_outputs(copy.compiler.template(copy.main)) == ["identity.other"]


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        (NETWORK, "@batchSize(1)\n", "private endpoints"),
        (NETWORK, "    dependsOn: [zone]\n", "names and zones"),
        (APP, "  dependsOn: [ftp]\n", "scm and ftp"),
        (APP, "  dependsOn: [scm]\n", "authentication and scm"),
    ],
)
def test_what_would_be_made_at_the_same_time_is_noticed(copy: Copy, path: str, code: str, told: str) -> None:
    copy.change(path, code, "")
    assert simultaneous(copy.compiler.template(copy.main)) == [told]


def test_a_search_that_looks_at_one_period_is_noticed(copy: Copy) -> None:
    copy.change(ALERTS, "window: 'PT30M'", "window: 'PT15M'")
    assert searches_of_less_than_two_periods(copy.deployed()) == [
        "parked-events",
        "parked-effects",
        "overdue-attention",
    ]
