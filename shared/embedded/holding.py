"""Keeps other processes out of a database: out of its place, and out of the file itself, whatever its name is."""

import fcntl
import os
import sqlite3
import struct
from contextlib import suppress
from pathlib import Path

from shared.embedded.places import lock_beside
from shared.errors import PatchbayError

_BYTE = 2**62
"""The byte of the file that is locked: far behind those that SQLite locks, and behind all content."""

_OWNERS = 0o600
"""The mode of new files: their owner's alone. SQLite gives its own files beside the database the same one."""

_held: set[tuple[int, int]] = set()
"""The files (device, inode) that this process holds. To open and close such a file again would free SQLite's locks."""


class DatabaseInUse(PatchbayError):
    """Raised if another process uses the same file."""

    code = "database_in_use"
    status = 503
    retryable = False

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process is using {path}; stop it first, or name another file with --database")


class DatabaseUnreadable(PatchbayError):
    """Raised if a file is no SQLite database, is damaged, or cannot be opened where it lies."""

    code = "database_unreadable"
    status = 503
    retryable = False

    def __init__(self, path: Path, why: object) -> None:
        reason = f"{why.strerror} ({why.filename})" if isinstance(why, OSError) else why
        remedy = "name another file, or restore a copy if this one is damaged"
        super().__init__(f"{path} cannot be used as a database: {reason}; {remedy}")


class Hold:
    """Holds the place of a database, and the file if there is one; the system frees both when the process ends.

    The place is held by a lock on a file beside it, so that nobody else makes a database there. That does not keep out
    who removes this file, or comes by a hard link; a lock on the database itself does.

    Raises DatabaseInUse, and DatabaseUnreadable where no file can be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _lock_place(path)
        self._descriptor: int | None = None
        self._file: tuple[int, int] | None = None
        try:
            if path.exists():
                self.take_file()
        except BaseException:
            self.close()
            raise

    def take_file(self) -> None:
        """Hold the file that lies there now, made if there is none. What was held before is gone, or is this one."""
        try:
            self._take_file()
        except OSError as failure:
            raise DatabaseUnreadable(self._path, failure) from failure

    def _take_file(self) -> None:
        found = _identity(self._path.stat()) if self._path.exists() else None
        if found is not None and found == self._file:
            return
        if found in _held:
            raise DatabaseInUse(self._path)
        self._free_file()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNERS)
        try:
            _lock_file(descriptor)
        except OSError as taken:
            os.close(descriptor)
            if isinstance(taken, BlockingIOError):
                raise DatabaseInUse(self._path) from taken
            raise
        self._descriptor, self._file = descriptor, _identity(os.fstat(descriptor))
        _held.add(self._file)

    def _free_file(self) -> None:
        if self._descriptor is not None and self._file is not None:
            _held.discard(self._file)
            os.close(self._descriptor)
        self._descriptor = self._file = None

    def close(self) -> None:
        """Let others in. All connections to the database are closed by now."""
        self._free_file()
        self._place.close()


def _lock_place(path: Path) -> sqlite3.Connection:
    try:
        with suppress(FileExistsError):
            lock_beside(path).touch(mode=_OWNERS, exist_ok=False)
        place = sqlite3.connect(lock_beside(path), isolation_level=None, timeout=0)
    except (OSError, sqlite3.Error) as failure:
        raise DatabaseUnreadable(path, failure) from failure
    try:
        place.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as failure:
        place.close()
        if failure.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise DatabaseInUse(path) from failure
        raise DatabaseUnreadable(path, failure) from failure
    return place


def _lock_file(descriptor: int) -> None:
    """Lock the file for this descriptor. Raises BlockingIOError if another one has the lock.

    Only Linux has locks of descriptors that go together with SQLite's, which are locks of processes: on other systems
    the lock of the place has to do.
    """
    operation: int | None = getattr(fcntl, "F_OFD_SETLK", None)
    if operation is not None:
        # struct flock: type, whence, start, length, process
        fcntl.fcntl(descriptor, operation, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, _BYTE, 1, 0))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
