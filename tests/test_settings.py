"""The settings choose the services: all of the cloud's, or none; and what they say about who may come in."""

import logging
from itertools import combinations
from pathlib import Path

import pytest

from shared.errors import IncompleteSettings
from shared.settings import AccessSettings, Azure, EnvironmentSecrets, Settings, own_settings
from tests.functions.hosts import hosted

ENDPOINTS = {
    "COSMOS__accountEndpoint": "https://books.documents.azure.com:443/",
    "SERVICE_BUS__fullyQualifiedNamespace": "bus.servicebus.windows.net",
    "STORAGE__blobServiceUri": "https://archive.blob.core.windows.net",
}
EMULATORS = {
    "COSMOS": "AccountEndpoint=http://127.0.0.1:8081/;AccountKey=a2V5;",
    "SERVICE_BUS": "Endpoint=sb://127.0.0.1;SharedAccessKeyName=k;SharedAccessKey=a2V5;UseDevelopmentEmulator=true;",
    "STORAGE": "UseDevelopmentStorage=true",
}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, *EMULATORS):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_of_the_cloud_there_is_one_machine() -> None:
    assert Settings().azure() is None


@pytest.mark.parametrize("given", [ENDPOINTS, EMULATORS], ids=["endpoints", "emulators"])
def test_all_services_named_make_the_cloud(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    cosmos, bus, storage = given.values()
    assert Settings().azure() == Azure(cosmos, "patchbay", bus, storage)


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_missing_is_named(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for chosen in combinations(ENDPOINTS, count):
        # Given some of the services, and an empty text for another one
        for name, value in ENDPOINTS.items():
            monkeypatch.setenv(name, value if name in chosen else "")
        # When the process asks where they are, then it is told which are missing
        with pytest.raises(IncompleteSettings) as refusal:
            Settings().azure()
        assert refusal.value.missing == tuple(name for name in ENDPOINTS if name not in chosen)


def test_a_secret_is_an_app_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an app setting, an empty one, and a Key Vault reference that App Service could not resolve
    monkeypatch.setenv("OWN_SECRET", "s3cret")
    monkeypatch.setenv("EMPTY_SECRET", "")
    monkeypatch.setenv("LOST_SECRET", "@Microsoft.KeyVault(SecretUri=https://vault/secrets/s)")
    names = ("OWN_SECRET", "EMPTY_SECRET", "LOST_SECRET", "NO_SECRET")
    # when they are read, then only the first is a secret: everybody could guess the others
    assert [EnvironmentSecrets().value(f"env:{name}") for name in names] == ["s3cret", None, None, None]


def test_grants_are_read_from_json_and_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHBAY_GRANTS", '{"oid-1": ["contoso", "fabrikam"]}')
    monkeypatch.setenv("PATCHBAY_AUTHORITY", "")
    settings = AccessSettings()
    assert settings.grants == {"oid-1": {"contoso", "fabrikam"}}
    assert settings.authority is None


async def test_a_setting_with_a_misspelt_name_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    # given two misspelt settings, right ones in either case, a secret's name, and a variable of the deployment
    for name in ("PATCHBAY_REQUEST_PER_SECOND", "patchbay_grant", "PATCHBAY_BOT_SECRET", "PATCHBAY_KEY_VAULT"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PATCHBAY_AUDIENCE", "")
    monkeypatch.setenv("patchbay_authority", "")
    # when a host starts
    with caplog.at_level(logging.WARNING, "shared.bootstrap"):
        async with hosted(tmp_path):
            pass
    # then the log names each with what was meant
    assert caplog.messages == [
        "no setting is called PATCHBAY_REQUEST_PER_SECOND; did you mean 'PATCHBAY_REQUESTS_PER_SECOND'?",
        "no setting is called patchbay_grant; did you mean 'PATCHBAY_GRANTS'?",
    ]


@pytest.mark.parametrize("name", sorted(own_settings()))
async def test_every_setting_is_missed_where_it_is_misspelt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(f"{name[:-2]}X", "1")
    async with hosted(tmp_path):
        pass
    assert f"no setting is called {name[:-2]}X; did you mean '{name}'?" in caplog.messages
