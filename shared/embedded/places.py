"""The places of a database: its file, and what belongs to it beside it under names of its own."""

import os
from itertools import product
from pathlib import Path

_BESIDE = ("-wal", "-shm", "-journal", "-lock", "-restored", "-archive")
"""What the names of SQLite's own files and of ours add to the database's name."""


def archive_beside(database: Path) -> Path:
    """The folder of the archive that belongs to the database, and to no other one beside it.

    Whoever opens a database by a link's name finds the archive beside the file itself.
    """
    database = _itself(database)
    return database.with_suffix(".archive") if database.suffix == ".db" else _with(database, "-archive")


def restored_beside(database: Path) -> Path:
    """The folder with the database and the archive that are to take the place of these."""
    return _with(_itself(database), "-restored")


def lock_beside(database: Path) -> Path:
    """The file that is locked while a process has the database, also while there is no database yet."""
    return _with(database, "-lock")


def share_a_place(one: Path, other: Path) -> bool:
    """True if databases of these names would have a file or a folder in common, or one a place within the other's.

    A database shares all with itself, whichever name it has.
    """
    if one.exists() and other.exists() and one.samefile(other):
        return True
    both = product(_places(one), _places(other))
    return any(a == b or a in b.parents or b in a.parents for a, b in both)


def flush(path: Path) -> None:
    """Make a file durable, or the names in a folder; a power cut could else leave a written file without its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _places(database: Path) -> set[Path]:
    database = database.resolve()
    return {
        database,
        archive_beside(database),
        archive_beside(database).resolve(),
        *(_with(database, each) for each in _BESIDE),
    }


def _itself(database: Path) -> Path:
    """The file that a link leads to."""
    return database.resolve() if database.is_symlink() else database


def _with(database: Path, suffix: str) -> Path:
    return database.with_name(database.name + suffix)
