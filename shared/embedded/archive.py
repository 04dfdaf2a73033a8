"""The archive in a folder: a file per part, written once, which gets its name when it is on the disk."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from shared.effects.archive import PartExists
from shared.embedded.places import flush

_MAX_NAME = 200
"""Characters of a folder's name; file systems allow 255 bytes, and some do not distinguish A from a."""


class FolderArchive:
    """Implements `Archive`: `folder/tenant/key/0.json` is the conversation, `1.json` its first addendum."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        place = self._place(tenant_id, key)
        while not await asyncio.to_thread(self._written, place, part, document):
            # Somebody deleted the conversation meanwhile, and its folder with it.
            continue

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        return await asyncio.to_thread(_read, self._place(tenant_id, key))

    async def delete(self, tenant_id: str, key: str) -> None:
        await asyncio.to_thread(_delete, self._place(tenant_id, key))

    def _place(self, tenant_id: str, key: str) -> Path:
        plain = len(key) <= _MAX_NAME and key == key.lower()
        name = key if plain else f"{key[:100]}~{hashlib.sha256(key.encode()).hexdigest()}"
        return self._folder / tenant_id / name

    def _written(self, place: Path, part: int, document: bytes) -> bool:
        """Write the part. False if its folder was deleted meanwhile. Raises PartExists."""
        with suppress(FileExistsError):
            place.mkdir(parents=True)
        draft = place / f"{part}.{os.urandom(8).hex()}.draft"
        try:
            with draft.open("xb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            # A link fails if the name is taken; a rename would replace the file.
            os.link(draft, place / f"{part}.json")
            flush(place)
        except FileExistsError as taken:
            raise PartExists from taken
        except FileNotFoundError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        # The folders may be new as well, and their names then are only in memory.
        for folder in (place.parent, self._folder, self._folder.parent):
            flush(folder)
        return True


def _read(place: Path) -> list[bytes]:
    while True:
        try:
            return [path.read_bytes() for path in sorted(place.glob("[0-9]*.json"), key=_number)]
        except FileNotFoundError:
            # Somebody deletes the conversation.
            continue


def _delete(place: Path) -> None:
    """Delete the folder. The last part goes first, each before the next: what a crash leaves is a whole beginning."""
    with suppress(FileNotFoundError):
        for path in sorted(place.iterdir(), key=_number, reverse=True):
            path.unlink(missing_ok=True)
            flush(place)
        # Whoever adds a part meanwhile finds that the conversation is gone, and deletes it again.
        with suppress(OSError):
            place.rmdir()
    if place.parent.exists():
        flush(place.parent)


def _number(path: Path) -> int:
    """The number of the part that a file is, or is a draft of; -1 of a file that is none of ours."""
    number = path.name.split(".")[0]
    return int(number) if number.isdigit() else -1
