"""A host with the two tenants of the examples."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events.envelope import format_time, parse_time
from tests.builders import CONFIGURED
from tests.functions.hosts import Host, hosted


@pytest.fixture
async def host(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    """A host with two tenants; a test may name the time at which they were first configured."""
    since = parse_time(getattr(request, "param", None) or format_time(CONFIGURED))
    async with hosted(tmp_path) as running:
        yield await running.configured("contoso", "fabrikam", since=since)
