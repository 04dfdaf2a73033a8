"""The archive in a folder: a file per part, written once, which gets its name when it is on the disk."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from shared.effects.archive import PartExists

_MAX_NAME = 200
"""Characters of a folder's name; file systems allow 255 bytes, and some do not distinguish A from a."""


def archive_beside(database: Path) -> Path:
    """The folder of the archive that belongs to the database."""
    return database.with_suffix(".archive")


class FolderArchive:
    """Implements `Archive`: `folder/tenant/key/0.json` is the conversation, `1.json` its first addendum."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        await asyncio.to_thread(_write, self._place(tenant_id, key), part, document)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        return await asyncio.to_thread(_read, self._place(tenant_id, key))

    async def delete(self, tenant_id: str, key: str) -> None:
        await asyncio.to_thread(_delete, self._place(tenant_id, key))

    def _place(self, tenant_id: str, key: str) -> Path:
        plain = len(key) <= _MAX_NAME and key == key.lower()
        name = key if plain else f"{key[:100]}~{hashlib.sha256(key.encode()).hexdigest()}"
        return self._folder / tenant_id / name


def _write(place: Path, part: int, document: bytes) -> None:
    place.mkdir(parents=True, exist_ok=True)
    draft = place / f"{part}.{os.urandom(8).hex()}.draft"
    try:
        with draft.open("xb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        # A link fails if the name is taken; a rename would replace the file.
        os.link(draft, place / f"{part}.json")
    except FileExistsError as taken:
        raise PartExists from taken
    finally:
        draft.unlink(missing_ok=True)
    flush(place)
    flush(place.parent)


def flush(path: Path) -> None:
    """Make a file durable, or the names in a folder; a power cut could else leave a written file without its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(place: Path) -> list[bytes]:
    parts = sorted(place.glob("*.json"), key=lambda path: int(path.stem))
    return [path.read_bytes() for path in parts]


def _delete(place: Path) -> None:
    if place.exists():
        for path in place.iterdir():
            path.unlink(missing_ok=True)
        place.rmdir()
