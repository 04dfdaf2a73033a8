"""Negative controls: each hands a faulty adapter to a test of the contract, and sees the test fail."""

from contextlib import suppress
from pathlib import Path

import pytest
from azure.cosmos.aio import ContainerProxy

from shared.azure.cosmos.client import Cosmos
from shared.embedded.database import Database
from shared.schema import SCHEMA_VERSION, SchemaDiffers
from tests.azure.databases import fresh_database
from tests.contract import test_schema_version
from tests.contract.test_schema_version import Containers, File, Place


async def opened_whatever_its_version(place: Place) -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await test_schema_version.test_a_place_of_another_version_is_refused_and_stays_as_it_is(
            place, SCHEMA_VERSION + 1
        )


async def test_a_file_of_another_version_is_opened(tmp_path: Path) -> None:
    class OpensEveryFile(Database):
        def _prepare(self) -> None:
            with suppress(SchemaDiffers):
                super()._prepare()

    await opened_whatever_its_version(File(tmp_path / "patchbay.db", OpensEveryFile))


async def test_containers_of_another_version_are_opened() -> None:
    class OpensEveryDatabase(Cosmos):
        async def container(self, container_id: str) -> ContainerProxy:
            self._schema_is_ours = True
            return await super().container(container_id)

    async with fresh_database() as database:
        await opened_whatever_its_version(Containers(database, OpensEveryDatabase))
