"""Puts a copy of one machine's data back: the database and its archive, both or neither."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.embedded.copying import Contents, copy_to, draft_of
from shared.embedded.holding import Hold
from shared.embedded.places import archive_beside, flush, restored_beside, share_a_place
from shared.embedded.restored import put_in_place
from shared.errors import PatchbayError
from shared.schema import SCHEMA_VERSION, SchemaDiffers


class RestoreRefused(PatchbayError):
    """Raised if there is no copy to restore, or if something is where it would go."""

    code = "restore_refused"
    status = 409
    retryable = False


def restore(copy: Path, database: Path, *, replace: bool) -> Contents:
    """Put the copy and its archive in the place of the database; the copy stays as it is.

    What is there is replaced only with `replace`, and never while a host uses it. Until everything is on the disk the
    place is as it was; from then on it has the copy, whenever the process ends (`shared/embedded/restored.py`).

    Raises RestoreRefused, DatabaseInUse, DatabaseUnreadable for a copy that is not sound, and SchemaDiffers.
    """
    if not copy.is_file():
        raise RestoreRefused(f"{copy} is no file; name a copy that `backup` made")
    if share_a_place(copy, database):
        raise RestoreRefused(
            f"{copy} and {database} share a place, or one lies in the other's; move the copy to another folder"
        )
    for place in (database, archive_beside(database)):
        if place.is_symlink():
            raise RestoreRefused(f"{place} is a link; a restore replaces files and folders only")
    if database.is_dir():
        raise RestoreRefused(f"{database} is a folder; name a file")
    if archive_beside(database).is_file():
        raise RestoreRefused(f"{archive_beside(database)} is a file, where the archive would go; move it away")
    database.parent.mkdir(parents=True, exist_ok=True)
    database = database.resolve()
    with closing(Hold(database)):
        put_in_place(database)
        _refuse_what_is_there(database, replace=replace)
        draft = draft_of(database)
        try:
            contents = copy_to(draft, copy)
            _refuse_another_schema(draft / "database", copy)
            draft.rename(restored_beside(database))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        flush(database.parent)
        put_in_place(database)
    return contents


def _refuse_what_is_there(database: Path, *, replace: bool) -> None:
    for place in (database, archive_beside(database)):
        if os.path.lexists(place) and not replace:
            raise RestoreRefused(f"{place} exists; move it away, or say --replace to lose what it has")


def _refuse_another_schema(draft: Path, copy: Path) -> None:
    with closing(sqlite3.connect(draft)) as copied:
        [(version,)] = copied.execute("PRAGMA user_version").fetchall()
    if version != SCHEMA_VERSION:
        raise SchemaDiffers(str(copy), version or None, "another copy")
