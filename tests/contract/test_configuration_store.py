"""What every ConfigurationStore promises: immutable versions, each number once, and one secret per tenant."""

import asyncio
import json
from datetime import timedelta

import pytest

from shared.errors import VersionConflict
from shared.events.envelope import parse_time
from shared.tenants.bounds import MAX_PURCHASES
from shared.tenants.configuration import Configuration
from shared.tenants.configurations import ConfigurationStore
from shared.tenants.history import Version
from tests.builders import FROM_THE_BEGINNING, contoso, small, small_document

MOMENT = parse_time("2026-10-05T10:00:00.123456Z")
SECRET = bytes(range(224, 256))
FIRST = Version(1, FROM_THE_BEGINNING, contoso())


def later(number: int, time_zone: str = "UTC") -> Version:
    return Version(number, MOMENT + timedelta(days=number), small(time_zone=time_zone))


async def test_a_tenant_without_versions_has_no_history(configurations: ConfigurationStore) -> None:
    assert await configurations.history("contoso") is None
    assert list(await configurations.tenants()) == []


async def test_versions_come_back_equal_and_oldest_first(configurations: ConfigurationStore) -> None:
    # Given twelve versions
    versions = [FIRST, *(later(number) for number in range(2, 13))]
    await configurations.create("contoso", FIRST, SECRET)
    for version in versions[1:]:
        await configurations.add("contoso", version)
    # Then they come back as they were put, in order of number
    history = await configurations.history("contoso")
    assert history is not None
    assert list(history.versions) == versions
    # down to what the administrator wrote
    written = [version.configuration.to_json() for version in history.versions]
    assert written == [version.configuration.to_json() for version in versions]


async def test_a_version_is_read_once(configurations: ConfigurationStore) -> None:
    # Given a version that was read
    await configurations.create("contoso", FIRST, SECRET)
    before = await configurations.history("contoso")
    # When another one is put, and the history is read again
    await configurations.add("contoso", later(2))
    after = await configurations.history("contoso")
    # Then the one that was known is not made anew
    assert before is not None
    assert after is not None
    assert list(after.versions) == [FIRST, later(2)]
    assert after.versions[0] is before.versions[0]


async def test_a_version_that_is_stored_is_read_although_it_is_beyond_the_bounds(
    configurations: ConfigurationStore,
) -> None:
    # Given a version from before there were bounds
    licence = {"product": "Chat", "quantity": 1, "from": "2026-10-01"}
    beyond = Configuration.model_validate_json(json.dumps(small_document(licences=[licence] * (MAX_PURCHASES + 1))))
    with_many = Version(1, FROM_THE_BEGINNING, beyond)
    await configurations.create("small", with_many, SECRET)
    # When it is read, then it is as it was
    history = await configurations.history("small")
    assert history is not None
    assert list(history.versions) == [with_many]


async def test_a_number_is_taken_once(configurations: ConfigurationStore) -> None:
    await configurations.create("contoso", FIRST, SECRET)
    with pytest.raises(VersionConflict):
        await configurations.add("contoso", later(1))
    history = await configurations.history("contoso")
    assert history is not None
    assert list(history.versions) == [FIRST]


async def test_of_administrators_at_once_one_wins(configurations: ConfigurationStore) -> None:
    zones = ["UTC", "Europe/Berlin", "Asia/Tokyo", "America/Lima"]
    creates = [configurations.create("small", later(1, zone), zone.encode()) for zone in zones]
    outcomes = await asyncio.gather(*creates, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["VersionConflict"] * 3
    history = await configurations.history("small")
    assert history is not None
    winner = zones[outcomes.index(None)]
    assert history.latest.configuration.time_zone == winner
    # and the tenant has the secret of whoever won
    assert await configurations.secret("small") == winner.encode()


async def test_a_secret_comes_back_as_it_was_and_stays(configurations: ConfigurationStore) -> None:
    assert await configurations.secret("contoso") is None
    await configurations.create("contoso", FIRST, SECRET)
    await configurations.add("contoso", later(2))
    with pytest.raises(VersionConflict):
        await configurations.create("contoso", FIRST, b"another")
    assert await configurations.secret("contoso") == SECRET
    assert await configurations.secret("small") is None


async def test_tenants_are_listed_once_and_keep_their_own_versions(configurations: ConfigurationStore) -> None:
    await configurations.create("small", later(1), SECRET)
    await configurations.create("contoso", FIRST, SECRET)
    await configurations.add("contoso", later(2))
    assert sorted(await configurations.tenants()) == ["contoso", "small"]
    history = await configurations.history("small")
    assert history is not None
    assert list(history.versions) == [later(1)]
