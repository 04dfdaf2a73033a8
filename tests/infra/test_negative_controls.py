"""Whatever is renamed in the templates alone is noticed: each entity, setting and role, one at a time."""

import pytest

from shared.azure.cosmos.containers import CONTAINERS
from shared.events.bus import SUBSCRIPTIONS, TOPIC, UNROUTED
from tests.infra.bicep import BicepError
from tests.infra.documents import ROLES, Role
from tests.infra.templates import LARGEST, SOURCES, blob_containers, differences, largest, settings_of

BUS, COSMOS, BLOBS, APP = (f"modules/{name}.bicep" for name in ("serviceBus", "cosmos", "storage", "functionApp"))

ENTITIES = [
    *((BUS, name) for name in (TOPIC, UNROUTED, *SUBSCRIPTIONS, *SUBSCRIPTIONS.values())),
    *((COSMOS, each.id) for each in CONTAINERS),
    *((COSMOS, path) for each in CONTAINERS for path in (*each.partition_key, *each.indexed)),
    (COSMOS, "patchbay"),
    *((BLOBS, name) for name in blob_containers()),
]
SETTINGS = [name for name in settings_of(largest()) if name not in LARGEST["secretSettings"].split(",")]


def renamed(path: str, name: str) -> dict[str, str]:
    """The templates with one name that is written out in a file made another. Raises AssertionError if it is not."""
    assert f"'{name}'" in SOURCES[path]
    return {**SOURCES, path: SOURCES[path].replace(f"'{name}'", f"'{name}x'")}


def changed(path: str, code: str, instead: str) -> dict[str, str]:
    assert code in SOURCES[path], f"{code!r} does not stand in {path}"
    return {**SOURCES, path: SOURCES[path].replace(code, instead)}


def test_as_they_are_nothing_differs() -> None:
    assert differences() == []


@pytest.mark.parametrize(("path", "name"), dict.fromkeys(ENTITIES), ids=lambda each: str(each).rpartition("/")[2])
def test_an_entity_with_another_name_is_noticed(path: str, name: str) -> None:
    found = differences(renamed(path, name))
    assert any(f"{name}x" in each for each in found)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_with_another_name_is_noticed(name: str) -> None:
    found = differences(renamed(APP, name))
    assert sorted(each.split(":")[0] for each in found) == [f"setting {name}", f"setting {name}x"]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_another_role_is_noticed(role: Role) -> None:
    # given the id of a role, which stands in one file, made another
    identity = role.id
    path = next(path for path, source in SOURCES.items() if identity in source)
    other = identity[:-1] + ("0" if identity[-1] != "0" else "1")
    # when the roles are compared, then the difference is told
    assert len(differences(changed(path, identity, other))) == 2


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
def test_a_role_that_is_given_on_more_is_noticed(path: str, code: str, instead: str) -> None:
    assert any(each.startswith("role ") for each in differences(changed(path, code, instead)))


@pytest.mark.parametrize(
    ("path", "code", "instead"),
    [
        (BUS, "maxDeliveryCount: 10", "maxDeliveryCount: 9"),
        (BUS, "lockDuration: 'PT1M'", "lockDuration: 'PT5M'"),
        (BUS, "requiresSession: false", "requiresSession: true"),
        (BUS, "requiresDuplicateDetection: false", "requiresDuplicateDetection: true"),
        (BUS, "name: '$Default'", "name: each.name"),
        (BUS, "IS NULL OR ", "IS NULL AND "),
        (COSMOS, "ttl: -1", "ttl: null"),
        (COSMOS, "ttl: null", "ttl: -1"),
        (COSMOS, "'MultiHash' : 'Hash'", "'Hash' : 'Hash'"),
        (COSMOS, "excludedPaths: [{ path: '/*' }]", "excludedPaths: []"),
        (BLOBS, "  { name: 'archive', coolAfterDays: 90 }\n", ""),
        (APP, "'ClientId=${identityClientId};Authorization=AAD' }\n", "'' }\n  { name: 'UNKNOWN', value: '' }\n"),
    ],
)
def test_another_property_is_noticed(path: str, code: str, instead: str) -> None:
    assert differences(changed(path, code, instead)) != []


def test_a_setting_that_is_taken_away_leaves_its_parameter_unused() -> None:
    sources = changed(APP, "  { name: 'SWEEP_SCHEDULE', value: sweepSchedule }\n", "")
    assert differences(sources) == ["setting SWEEP_SCHEDULE: None is declared, 1 is expected"]
    assert largest(sources).unused() == [f"{APP}: sweepSchedule"]


def test_a_reference_that_leads_nowhere_cannot_be_evaluated() -> None:
    with pytest.raises(BicepError):
        differences(changed(BUS, "parent: topic\n", "parent: topics\n"))
