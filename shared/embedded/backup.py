"""A copy of one machine's data, taken while a host may be using it."""

import os
import shutil
from pathlib import Path

from shared.embedded.copying import Contents, copy_to, draft_of
from shared.embedded.places import archive_beside, flush, restored_beside, share_a_place
from shared.errors import PatchbayError


class BackupRefused(PatchbayError):
    """Raised if there is nothing to copy, or if the copy's place is taken, or is one of the data's own."""

    code = "backup_refused"
    status = 409
    retryable = False


def back_up(database: Path, copy: Path) -> Contents:
    """Copy the database to a new file, as it is at one moment, and the archive beside it.

    The archive comes second: it may have parts that the copied database does not know of, or lack those of
    conversations whose retention has ended. A crash leaves the same, and the sweep repairs it. Both get their names
    when everything is on the disk, the database last. Nothing is removed but what this call made.

    Raises BackupRefused, and DatabaseUnreadable for a database that is not sound.
    """
    _refuse_places(database, copy)
    copy.parent.mkdir(parents=True, exist_ok=True)
    file = database.stat()
    draft = draft_of(copy)
    try:
        contents = copy_to(draft, database)
        if not os.path.samestat(file, database.stat()) or restored_beside(database).exists():
            raise BackupRefused(f"{database} was replaced meanwhile; try again")
        _name(draft, copy, contents)
    finally:
        # Half a copy would take space on a full disk.
        shutil.rmtree(draft, ignore_errors=True)
    return contents


def _refuse_places(database: Path, copy: Path) -> None:
    """Raise BackupRefused if there is nothing to copy, or if the copy would lie where something is already."""
    if not database.is_file():
        raise BackupRefused(f"{database} is no file; name the database with --database")
    if restored_beside(database).exists():
        raise BackupRefused(f"a restore of {database} was cut short; the next start finishes it")
    if share_a_place(database, copy):
        raise BackupRefused(f"{copy} is one of the places of {database}, or lies in one; name another folder")
    if os.path.lexists(copy):
        raise BackupRefused(f"{copy} exists; name another file")
    if os.path.lexists(archive_beside(copy)):
        raise BackupRefused(
            f"{archive_beside(copy)} exists, as a killed backup leaves it; remove it, or name another file"
        )


def _name(draft: Path, copy: Path, contents: Contents) -> None:
    """Give the archive, if there is one, and the database their names. Raises BackupRefused if one is taken by now."""
    archive = archive_beside(copy)
    try:
        if contents.archive_files:
            # A folder that is not empty is never replaced.
            (draft / "archive").rename(archive)
        try:
            # A link fails if the name is taken; a rename would replace the file.
            os.link(draft / "database", copy)
        except BaseException:
            if contents.archive_files:
                archive.rename(draft / "archive")
            raise
    except OSError as taken:
        raise BackupRefused(f"{copy} gets no name: {taken.strerror}") from taken
    flush(copy.parent)
