"""The folder in which restored data wait until they get the place of a database and its archive, both or neither.

A restore counts from the moment at which this folder has its name. From then on whoever opens the database puts what
lies in the folder into its place first, so that a crash in the middle leaves no database with another one's archive.
"""

import os
import shutil
from pathlib import Path

from shared.embedded.places import archive_beside, flush, restored_beside


def put_in_place(database: Path) -> None:
    """Replace the database and its archive by what was restored, if anything was. The caller holds the database."""
    restored = restored_beside(database)
    if not restored.exists():
        return
    if (restored / "archive").exists():
        shutil.rmtree(archive_beside(database), ignore_errors=True)
        (restored / "archive").rename(archive_beside(database))
    if (restored / "database").exists():
        # SQLite would apply the log, or the journal, of the replaced database to its successor.
        for log in ("-wal", "-shm", "-journal"):
            database.with_name(database.name + log).unlink(missing_ok=True)
        os.replace(restored / "database", database)
    flush(database.parent)
    restored.rmdir()
