"""Negative controls: each hands a faulty adapter to a test of the contract, and sees the test fail."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from azure.cosmos.aio import ContainerProxy

from shared.azure.cosmos.client import Cosmos
from shared.embedded.database import Database
from shared.events.pseudonym import Pseudonyms
from shared.schema import SCHEMA_VERSION, SchemaDiffers
from shared.strict_json import canonical_json
from shared.tenants.configurations import Configurations
from shared.tenants.history import Version
from tests.azure.databases import fresh_database
from tests.contract import test_configuration_store, test_schema_version
from tests.contract.conftest import ADAPTERS
from tests.contract.test_native_ids import check_ids
from tests.contract.test_schema_version import Containers, File, Place
from tests.fakes import MemoryConfigurations
from tests.observed import Observed


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


class SecretFirst(MemoryConfigurations):
    """Stores a tenant's secret before it knows whether the version is the first one."""

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        self._secrets[tenant_id] = secret
        await self.add(tenant_id, first)


async def test_who_comes_too_late_replaces_the_secret() -> None:
    with pytest.raises(AssertionError, match="b'America/Lima' == b'UTC'"):
        await test_configuration_store.test_of_administrators_at_once_one_wins(SecretFirst())


Kind = Literal["thread", "customer", "event", "fact"]


class Plain(Pseudonyms):
    """Writes the native ids down as they are."""

    def of(self, kind: Kind, *names: str | None) -> str:
        return "-".join(name or "" for name in (kind, *names))


class Hashed(Pseudonyms):
    """Hashes the native ids without a secret, so that whoever guesses one can test the guess."""

    def of(self, kind: Kind, *names: str | None) -> str:
        return hashlib.sha256(canonical_json([kind, *names]).encode()).hexdigest()


class PlainIds(Configurations):
    async def pseudonyms(self, tenant_id: str) -> Pseudonyms:
        return Plain(b"")


class HashedIds(Configurations):
    async def pseudonyms(self, tenant_id: str) -> Pseudonyms:
        return Hashed(b"")


@pytest.mark.parametrize(
    ("configurations", "found"),
    [(PlainIds, r"\+event-contoso-app-app-491555123"), (HashedIds, r"== set\(\)")],
    ids=["plain", "hashed"],
)
async def test_ids_are_made_without_the_tenants_secret(
    tmp_path: Path,
    observed: Observed,
    caplog: pytest.LogCaptureFixture,
    configurations: type[Configurations],
    found: str,
) -> None:
    async with ADAPTERS["embedded"](tmp_path) as adapters:
        with pytest.raises(AssertionError, match=found):
            await check_ids(adapters, observed, caplog, configurations)
