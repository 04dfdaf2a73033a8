"""A fresh Cosmos database per test, where the environment names an endpoint."""

from collections.abc import AsyncIterator

import pytest

from tests.azure.databases import fresh_database


@pytest.fixture
async def database() -> AsyncIterator[str]:
    async with fresh_database() as name:
        yield name
