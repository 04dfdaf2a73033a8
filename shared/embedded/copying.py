"""Copies a database, as it is at one moment, and its archive, and says what the copies have."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.embedded.holding import DatabaseUnreadable
from shared.embedded.places import archive_beside, flush

_COUNTED = """
    SELECT (SELECT count(DISTINCT tenant_id) FROM configurations),
           (SELECT count(*) FROM heads),
           (SELECT count(*) FROM facts)
"""

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""What SQLite says if the copy cannot be written. The database itself is only read."""


@dataclass(frozen=True)
class Contents:
    """What was copied: how many of each, and the bytes of the database and of the archive's files."""

    tenants: int
    conversations: int
    facts: int
    database_bytes: int
    archive_files: int
    archive_bytes: int


def draft_of(place: Path) -> Path:
    """A new folder beside the place, on the same disk, whose name nobody takes for a database."""
    draft = place.with_name(f"{place.name}.{os.urandom(4).hex()}.draft")
    draft.mkdir()
    return draft


def copy_to(draft: Path, database: Path) -> Contents:
    """Copy the database to `draft/database`, and its archive to `draft/archive`, onto the disk.

    Raises DatabaseUnreadable unless it is a sound database of Patchbay's; and OSError, which names the copy, if there
    is no room for it.
    """
    copy, archive = draft / "database", draft / "archive"
    try:
        with closing(sqlite3.connect(database)) as source:
            # One read transaction: later commits are not in the copy, and no writer waits for it.
            source.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as copied:
            [(verdict,)] = copied.execute("PRAGMA integrity_check(1)").fetchall()
            [(tenants, conversations, facts)] = copied.execute(_COUNTED).fetchall()
    except sqlite3.Error as failure:
        if failure.sqlite_errorcode in _NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(copy)) from failure
        raise DatabaseUnreadable(database, failure) from failure
    if verdict != "ok":
        raise DatabaseUnreadable(database, verdict)
    flush(copy)
    sizes = _copy_archive(archive_beside(database), archive)
    flush(draft)
    return Contents(tenants, conversations, facts, copy.stat().st_size, len(sizes), sum(sizes))


def _copy_archive(folder: Path, copy: Path) -> list[int]:
    """The sizes of the files copied."""
    sizes = []
    copy.mkdir()
    for part in _parts(folder):
        place = copy / part.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        # A part may be deleted meanwhile, when its conversation's retention ends.
        with suppress(FileNotFoundError):
            shutil.copyfile(part, place)
            flush(place)
            sizes.append(place.stat().st_size)
    for inner in copy.rglob("*/"):
        flush(inner)
    flush(copy)
    return sizes


def _parts(folder: Path) -> Iterator[Path]:
    """The files of an archive, `folder/tenant/key/0.json` and so on."""
    for tenant in _inside(folder):
        for place in _inside(tenant):
            yield from (part for part in _inside(place) if part.suffix == ".json")


def _inside(folder: Path) -> list[Path]:
    """What is in a folder; nothing if it is none, or is gone since it was listed."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
