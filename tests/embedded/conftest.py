"""A database in a file of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bootstrap import EmbeddedPipeline
from shared.embedded.database import Database
from tests.embedded.copies import filled


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "patchbay.db")
    yield opened
    await opened.close()


@pytest.fixture
async def running(tmp_path: Path) -> EmbeddedPipeline:
    """A pipeline in use with a tenant, three conversations, and a part in the archive."""
    return await filled(tmp_path / "patchbay.db", "c1", "c2", "c3")
