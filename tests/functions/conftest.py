"""A host with the two tenants of the examples."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.functions.hosts import Host, hosted


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield await running.configured("contoso", "fabrikam")
