"""The settings choose the services: all of the cloud's, or none."""

from itertools import combinations

import pytest

from shared.errors import IncompleteSettings
from shared.settings import Azure, Settings

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
