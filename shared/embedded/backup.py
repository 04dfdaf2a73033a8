"""A copy of one machine's data, taken while a host may be using it."""

import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from shared.embedded.archive import archive_beside
from shared.errors import PatchbayError


class BackupRefused(PatchbayError):
    """Raised if there is nothing to copy, if a file of the copy exists, or if the copy is not sound."""

    code = "backup_refused"
    status = 409
    retryable = False


def back_up(database: Path, copy: Path) -> None:
    """Copy the database to a new file, as it is at one moment, and the archive beside it. Raises BackupRefused.

    The archive comes second: it may have parts that the copied database does not know of, or lack those of
    conversations whose retention has ended. A crash leaves the same, and the sweep repairs it. The copy gets its name
    when everything is on the disk.
    """
    if not database.is_file():
        raise BackupRefused(f"{database} is no file")
    draft = copy.with_name(copy.name + ".draft")
    for place in (copy, draft, archive_beside(copy)):
        if place.exists():
            raise BackupRefused(f"{place} exists")
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copy_database(database, draft)
        _copy_archive(archive_beside(database), archive_beside(copy))
        draft.rename(copy)
    except BaseException:
        # Half a copy would take space on a full disk, and be in the way of the next attempt.
        draft.unlink(missing_ok=True)
        shutil.rmtree(archive_beside(copy), ignore_errors=True)
        raise


def _copy_database(database: Path, draft: Path) -> None:
    source = sqlite3.connect(database)
    try:
        # One read transaction: later commits are not in the copy, and no writer waits for it.
        source.execute("VACUUM INTO ?", (str(draft),))
    except sqlite3.Error as failure:
        raise BackupRefused(f"{database} cannot be copied: {failure}") from failure
    finally:
        source.close()
    copied = sqlite3.connect(draft)
    try:
        [(verdict,)] = copied.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.Error as failure:
        raise BackupRefused(f"the copy of {database} cannot be read: {failure}") from failure
    finally:
        copied.close()
    if verdict != "ok":
        raise BackupRefused(f"the copy of {database} is not sound: {verdict}")
    _flush(draft)


def _copy_archive(folder: Path, copy: Path) -> None:
    for part in folder.rglob("*.json"):
        place = copy / part.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        # A part may be deleted meanwhile, when its conversation's retention ends.
        with suppress(FileNotFoundError):
            shutil.copyfile(part, place)
            _flush(place)


def _flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
