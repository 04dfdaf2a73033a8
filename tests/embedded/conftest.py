"""A database in a file of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.embedded.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "patchbay.db")
    yield opened
    await opened.close()
