"""What a deployment declares is made in an emulator on request, and nowhere else."""

from uuid import uuid4

import pytest

from local.emulators import prepare_emulators
from shared.azure.cosmos.containers import CONTAINERS
from shared.errors import IncompleteSettings
from shared.settings import Settings
from tests.azure.databases import ENDPOINT, KEY, connected
from tests.azure.endpoints import endpoint


def settings(cosmos: str, database: str) -> Settings:
    return Settings(cosmos=cosmos, cosmos_database=database, service_bus="bus", storage="storage")


async def test_the_containers_are_made_once_as_they_are_defined() -> None:
    # Given an emulator that knows nothing of us
    database = f"test-{uuid4().hex}"
    named = settings(f"AccountEndpoint={endpoint(ENDPOINT)};AccountKey={endpoint(KEY)};", database)
    async with connected(database) as cosmos:
        try:
            # When it is prepared, twice
            assert await prepare_emulators(named) == await prepare_emulators(named)
            # Then every container is there, with its partition key
            client = (await cosmos.client()).get_database_client(database)
            found = {each["id"]: tuple(each["partitionKey"]["paths"]) async for each in client.list_containers()}
            assert found == {definition.id: definition.partition_key for definition in CONTAINERS}
        finally:
            await (await cosmos.client()).delete_database(database)


async def test_an_account_that_is_reached_by_identity_is_left_alone() -> None:
    with pytest.raises(IncompleteSettings):
        await prepare_emulators(settings("https://books.documents.azure.com", "patchbay"))
