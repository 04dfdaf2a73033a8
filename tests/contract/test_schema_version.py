"""A store carries the version of its schema; one of another version is refused, and stays as it is."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.containers import CONFIGURATIONS
from shared.azure.cosmos.keys import SCHEMA
from shared.embedded.database import Database
from shared.embedded.tenants import EmbeddedConfigurations
from shared.schema import SCHEMA_VERSION, SchemaDiffers
from shared.tenants.configurations import ConfigurationStore
from shared.tenants.history import Version
from tests.azure.databases import Stores, connected, fresh_database
from tests.builders import contoso
from tests.conversations.pipelines import NOW


class Place(Protocol):
    """Where a store has its data. `setting` names another place."""

    setting: str

    def opened(self) -> AbstractAsyncContextManager[ConfigurationStore]:
        """A process of its own on the place."""
        ...

    async def written_in(self, version: int | None) -> None:
        """Give the data this schema version; None takes it away."""
        ...


@dataclass
class File:
    """A SQLite file."""

    path: Path
    kind: type[Database] = Database
    setting: str = "PATCHBAY_DATABASE"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ConfigurationStore]:
        database = self.kind(self.path)
        try:
            yield EmbeddedConfigurations(database)
        finally:
            await database.close()

    async def written_in(self, version: int | None) -> None:
        connection = sqlite3.connect(self.path)
        connection.execute(f"PRAGMA user_version = {version or 0}")
        connection.close()


@dataclass
class Containers:
    """A database with its containers."""

    database: str
    kind: type[Cosmos] = Cosmos
    setting: str = "PATCHBAY_COSMOS_DATABASE"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ConfigurationStore]:
        async with connected(self.database, kind=self.kind) as cosmos:
            yield Stores(cosmos).configurations()

    async def written_in(self, version: int | None) -> None:
        async with connected(self.database) as cosmos:
            database = (await cosmos.client()).get_database_client(self.database)
            configurations = database.get_container_client(CONFIGURATIONS.id)
            if version is None:
                await configurations.delete_item(SCHEMA, SCHEMA)
            else:
                await configurations.upsert_item({"id": SCHEMA, "tenantId": SCHEMA, "version": version})


@asynccontextmanager
async def _file(folder: Path) -> AsyncIterator[Place]:
    yield File(folder / "patchbay.db")


@asynccontextmanager
async def _containers(_: Path) -> AsyncIterator[Place]:
    async with fresh_database() as database:
        yield Containers(database)


PLACES: dict[str, Callable[[Path], AbstractAsyncContextManager[Place]]] = {"embedded": _file, "azure": _containers}


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with PLACES[request.param](tmp_path) as found:
        yield found


async def test_a_place_is_opened_by_every_process_of_its_version(place: Place) -> None:
    # given a new place to which a process wrote, when another one opens it, then the data are there
    async with place.opened() as store:
        await store.create("contoso", Version(1, NOW, contoso()), b"a secret")
    async with place.opened() as store:
        assert await store.tenants() == ["contoso"]


@pytest.mark.parametrize("version", [None, SCHEMA_VERSION + 1])
async def test_a_place_of_another_version_is_refused_and_stays_as_it_is(place: Place, version: int | None) -> None:
    # given data that another version of Patchbay wrote, or one that gave them no version
    async with place.opened() as store:
        await store.create("contoso", Version(1, NOW, contoso()), b"a secret")
    await place.written_in(version)
    # when a process opens them, twice, then each time it is refused with a sentence that says what to do
    for _ in range(2):
        with pytest.raises(SchemaDiffers) as refusal:
            async with place.opened() as store:
                await store.tenants()
        assert ("no schema version" if version is None else f"schema version {version},") in refusal.value.detail
        assert f"reads {SCHEMA_VERSION} only: run the version of Patchbay that wrote them" in refusal.value.detail
        assert refusal.value.detail.endswith(place.setting)
    # and the version that wrote them still finds all of them
    await place.written_in(SCHEMA_VERSION)
    async with place.opened() as store:
        assert await store.tenants() == ["contoso"]
