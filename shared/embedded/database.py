"""One SQLite file: WAL, synchronous=FULL, one writer, which commits the work of concurrent handlers in groups.

A handler that writes waits for one commit, and so for one flush to the disk. It shares the commit with all handlers
that came while the previous one was under way.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared.embedded.holding import DatabaseUnreadable, Hold
from shared.embedded.restored import put_in_place
from shared.errors import PatchbayError
from shared.schema import SCHEMA_VERSION, SchemaDiffers

T = TypeVar("T")
_Work = Callable[[sqlite3.Connection], Any]
_Noted = Callable[[Any], None]
_Pending = tuple[_Work, _Noted | None, bool, "asyncio.Future[Any]"]

_MAX_GROUP = 256
_BUSY_MILLISECONDS = 5000
"""How long a connection waits for another one, such as a backup's."""
_SCHEMA = (Path(__file__).parent / "schema.sql").read_text


class DatabaseMissing(PatchbayError):
    """Raised if a database is to be examined that does not exist; a new empty one would pass for a sound one."""

    code = "database_missing"
    status = 404
    retryable = False

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no database {path}; name the one that is meant with --database")


class Database:
    """The file, held exclusively by this process until `close()` or the process's end.

    Raises DatabaseInUse, DatabaseUnreadable, and SchemaDiffers for a file of another schema version, which stays as it
    is. What was restored for the file and does not have its place yet gets it first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path = path.resolve()  # one file has one lock, whichever name it was given by
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise DatabaseUnreadable(path, failure) from failure
        self._hold = Hold(path)
        try:
            put_in_place(path)
            self._hold.take_file()
            self._writer_connection = _connect(path)
            try:
                self._prepare()
            except BaseException:
                self._writer_connection.close()
                raise
        except sqlite3.Error as failure:
            self._hold.close()
            raise DatabaseUnreadable(path, failure) from failure
        except BaseException:
            self._hold.close()
            raise
        self._reader = _connect(path)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._pending: list[_Pending] = []
        self._writing: asyncio.Task[None] | None = None
        self._log_has_forgotten = False

    def _prepare(self) -> None:
        """Refuse a file of another schema version. A new file gets its tables and its version."""
        connection = self._writer_connection
        [(version,)] = connection.execute("PRAGMA user_version")
        [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
        if tables and version != SCHEMA_VERSION:
            raise SchemaDiffers(str(self.path), version or None, "--database or PATCHBAY_DATABASE")
        mark = "" if tables else f"PRAGMA user_version = {SCHEMA_VERSION};"
        # In one transaction: one flush to the disk instead of one per statement.
        connection.executescript(f"BEGIN;{_SCHEMA(encoding='utf-8')}{mark}COMMIT;")

    def query(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Read committed data. Reads take microseconds and run on the caller's thread."""
        return self._reader.execute(sql, parameters).fetchall()

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Within it all reads see the same state of the file. Nobody may be waited for in it."""
        self._reader.execute("BEGIN")
        try:
            yield
        finally:
            self._reader.execute("COMMIT")

    async def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        noted: Callable[[T | Exception], None] | None = None,
        *,
        forgets: bool = False,
    ) -> T:
        """Run `work` inside a transaction; when this returns, its changes are on the disk.

        With `forgets` the log is emptied, too, since it still has what `work` deletes.

        An exception in `work` undoes only its own changes, and is raised here. `noted` is called on the event loop with
        the result or the exception, in the order of commits, and before anybody who waits for a later write goes on. It
        is called even if the caller of this was cancelled.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append((work, noted, forgets, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_pending())
        return await done

    async def close(self) -> None:
        """Finish the pending writes and release the file."""
        while self._writing is not None:
            await self._writing
        self._executor.shutdown()
        for connection in (self._reader, self._writer_connection, self._hold):
            connection.close()

    async def _write_pending(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            group, self._pending = self._pending[:_MAX_GROUP], self._pending[_MAX_GROUP:]
            try:
                outcomes = await loop.run_in_executor(self._executor, self._commit, [one[0] for one in group])
            except Exception as failure:  # it is raised to every handler of the group
                outcomes = [failure] * len(group)
            if self._log_has_forgotten or any(forgets for _, _, forgets, _ in group):
                emptied = await loop.run_in_executor(self._executor, self._empty_log)
                self._log_has_forgotten = not emptied
            for (_, noted, _, done), outcome in zip(group, outcomes, strict=True):
                if noted is not None:
                    noted(outcome)
                if done.cancelled():
                    continue
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)
        self._writing = None

    def _commit(self, group: list[_Work]) -> list[Any]:
        connection = self._writer_connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [_attempt(connection, work) for work in group]
            connection.execute("COMMIT")
        except BaseException:
            # A full disk ends the transaction by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return outcomes

    def _empty_log(self) -> bool:
        """Bring the log's changes into the file, and cut it off. False if that must wait, since somebody reads it."""
        connection = self._writer_connection
        try:
            # Nobody's write waits for a reader, such as a backup.
            connection.execute("PRAGMA busy_timeout = 0")
            [(busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            # What was committed stays committed, on a full disk, too.
            return False
        finally:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        return not busy


def _attempt(connection: sqlite3.Connection, work: _Work) -> Any:
    """Run the work in a savepoint. Returns its result, or the exception to raise to the handler that waits for it."""
    connection.execute("SAVEPOINT work")
    try:
        outcome = work(connection)
    except Exception as refusal:
        if not connection.in_transaction:
            # A full disk has undone the work of the whole group.
            raise
        connection.execute("ROLLBACK TO work")
        outcome = refusal
    connection.execute("RELEASE work")
    return outcome


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten. Some builds of SQLite do so by default, others do not.
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection
