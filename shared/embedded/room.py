"""Whether the file system of the database takes what is written to it."""

import asyncio
import tempfile
from pathlib import Path

from shared.errors import StoreUnavailable

_ROOM = bytes(2**20)
"""As much as the largest body that a sender may post."""


async def refuse_without_room(folder: Path) -> None:
    """Write as much as a post may bring into the folder, and give it back. Raises StoreUnavailable.

    The database itself would take a small write on a full disk, as long as its log has old parts to write over.
    """
    try:
        await asyncio.to_thread(_write, folder)
    except OSError as failure:
        raise StoreUnavailable(failure.strerror or "its file system takes nothing") from failure


def _write(folder: Path) -> None:
    # It has no name, so a crash leaves nothing; and it is gone before anybody has to bring it to the disk.
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(_ROOM)
        file.flush()
