"""`python -m local backup` and `python -m local restore`: copy a database and its archive, and say what was copied."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.embedded.backup import back_up
from shared.embedded.copying import Contents
from shared.embedded.places import archive_beside
from shared.embedded.restore import restore


def print_backup(database: Path, copy: Path) -> None:
    """Copy, and print what the copy has. Raises BackupRefused and DatabaseUnreadable."""
    with _ended_by_sigterm():
        contents = back_up(database, copy)
    _print(copy, contents)


def print_restore(copy: Path, database: Path, *, replace: bool) -> None:
    """Restore, and print what is there now, and what comes next.

    Raises RestoreRefused, DatabaseInUse, DatabaseUnreadable and SchemaDiffers.
    """
    with _ended_by_sigterm():
        contents = restore(copy, database, replace=replace)
    _print(database, contents)
    print(f"restored from {copy}; start a host for a minute, stop it, and compare with `python -m local rebuild`")


def _print(database: Path, has: Contents) -> None:
    kept = (_counted(has.tenants, "tenant"), _counted(has.conversations, "conversation"), _counted(has.facts, "fact"))
    print(f"{database}  {', '.join(kept)}, {has.database_bytes:,} bytes")
    if has.archive_files:
        print(f"{archive_beside(database)}  {_counted(has.archive_files, 'file')}, {has.archive_bytes:,} bytes")
    else:
        print("no archive: no conversation was archived yet")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Have SIGTERM end the work as Ctrl-C does, so that it removes its draft."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
