"""A database in a file of its own, and the bus on it with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bootstrap import EmbeddedPipeline
from shared.clock import MovableClock
from shared.embedded.bus import EmbeddedBus
from shared.embedded.database import Database
from shared.events.envelope import parse_time
from tests.embedded.copies import filled


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "patchbay.db")
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(parse_time("2026-10-05T10:00:00Z"))


@pytest.fixture
def bus(database: Database, clock: MovableClock) -> EmbeddedBus:
    return EmbeddedBus(database, clock)


@pytest.fixture
async def running(tmp_path: Path) -> EmbeddedPipeline:
    """A pipeline in use with a tenant, three conversations, and a part in the archive."""
    return await filled(tmp_path / "patchbay.db", "c1", "c2", "c3")
