"""One file, one process; what returned is on the disk; concurrent writes share commits, and only those."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.embedded.database import Database
from shared.embedded.holding import DatabaseInUse
from shared.embedded.restore import restore
from tests.embedded.copies import a_copy_of
from tests.embedded.processes import HOLD, WRITE, line, outcome, process, read

Work = Callable[[sqlite3.Connection], None]


def insert(value: object) -> Work:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES (?)", (value,))

    return work


def spoil(value: object) -> Work:
    """Work that fails after it has changed something."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES (?)", (value,))
        raise LookupError(value)

    return work


@pytest.fixture
async def things(database: Database) -> Database:
    """A database with an empty table."""
    await database.write(lambda connection: connection.execute("CREATE TABLE things (value UNIQUE)"))
    return database


def values(database: Database) -> list[object]:
    return [row["value"] for row in database.query("SELECT value FROM things ORDER BY rowid")]


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


class Commits:
    """Counts the transactions that reach the disk, as SQLite reports the statements that it runs."""

    def __init__(self) -> None:
        self.count = 0

    def _note(self, statement: str) -> None:
        self.count += statement == "COMMIT"

    async def watch(self, database: Database) -> None:
        await database.write(lambda connection: connection.set_trace_callback(self._note))
        self.count = 0


async def test_a_second_process_on_the_same_file_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "patchbay.db"
    # Given a process that has the file
    with process(path, HOLD) as first:
        assert line(first) == "held"
        # When another process wants it, then it is refused with a message that names the file
        code, complaint = outcome(path, HOLD)
        assert code == 1
        assert "DatabaseInUse: another process is using" in complaint
        assert str(path) in complaint
        # and so are we
        with pytest.raises(DatabaseInUse):
            Database(path)
        # When the first is killed, then the file is free again
        first.kill()
        first.wait()
        await Database(path).close()


async def test_one_process_opens_a_file_once_at_a_time(tmp_path: Path) -> None:
    first = Database(tmp_path / "patchbay.db")
    with pytest.raises(DatabaseInUse):
        Database(tmp_path / "elsewhere" / ".." / "patchbay.db")
    await first.close()
    await Database(tmp_path / "patchbay.db").close()


async def test_another_name_of_the_same_file_is_the_same_file(tmp_path: Path) -> None:
    # Given a file that is in use, and a link to it
    first = Database(tmp_path / "patchbay.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "patchbay.db")
    # When it is opened by the link's name, then that is refused too
    try:
        with pytest.raises(DatabaseInUse):
            await Database(tmp_path / "link.db").close()
    finally:
        await first.close()


async def test_a_hard_link_to_a_file_in_use_is_the_same_file(tmp_path: Path) -> None:
    path, link = tmp_path / "patchbay.db", tmp_path / "other" / "link.db"
    # given a process that has a file, and another name of it in another folder
    with process(path, HOLD) as first:
        assert line(first) == "held"
        link.parent.mkdir()
        link.hardlink_to(path)
        # when another process wants it by that name, then it is refused
        code, complaint = outcome(link, HOLD)
        assert (code, "DatabaseInUse" in complaint) == (1, True)
        # and when the first is killed, then the file is free
        first.kill()
        first.wait()
        await Database(link).close()


async def test_a_lock_file_that_was_removed_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "patchbay.db"
    # given a process that has a file, and whose lock file somebody removed
    with process(path, HOLD) as first:
        assert line(first) == "held"
        (tmp_path / "patchbay.db-lock").unlink()
        # when another process wants it, then it is refused, again and again
        for _ in range(2):
            code, complaint = outcome(path, HOLD)
            assert (code, "DatabaseInUse" in complaint) == (1, True)
        # and neither is it restored to
        with pytest.raises(DatabaseInUse):
            restore(a_copy_of(path), path, replace=True)


async def test_a_file_that_this_process_has_is_refused_without_freeing_what_sqlite_locked(tmp_path: Path) -> None:
    # given a file in use here, and another name of it
    path, link = tmp_path / "patchbay.db", tmp_path / "link.db"
    first = Database(path)
    await first.write(lambda connection: connection.execute("CREATE TABLE things (value UNIQUE)"))
    link.hardlink_to(path)
    # when it is wanted here by that name, then it is refused
    with pytest.raises(DatabaseInUse):
        Database(link)
    # and another process that has read it does not take itself for the last one, which would remove the log
    read(path)
    assert (tmp_path / "patchbay.db-wal").exists()
    await first.write(insert("kept"))
    await first.close()
    second = Database(path)
    assert values(second) == ["kept"]
    await second.close()


@pytest.mark.parametrize("mask", [0o000, 0o022])
async def test_a_new_database_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        database = Database(tmp_path / "patchbay.db")
        await database.write(lambda connection: connection.execute("CREATE TABLE things (value)"))
    finally:
        os.umask(before)
    modes = modes_in(tmp_path)
    await database.close()
    assert set(modes) >= {"patchbay.db", "patchbay.db-lock", "patchbay.db-wal", "patchbay.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_what_was_written_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "patchbay.db"
    first = Database(path)
    await first.write(lambda connection: connection.execute("CREATE TABLE things (value)"))
    await first.write(insert("kept"))
    await first.close()
    second = Database(path)
    assert values(second) == ["kept"]
    await second.close()


async def test_what_a_write_returned_from_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "patchbay.db"
    # Given a process that says each number once its write has returned
    with process(path, WRITE) as writer:
        said = [line(writer) for _ in range(50)]
        # When it is killed in the middle of its work
        writer.kill()
        rest, _ = writer.communicate()
    said += rest.splitlines()
    # Then every number that it said is there
    database = Database(path)
    written = {row["number"] for row in database.query("SELECT number FROM written")}
    await database.close()
    assert len(said) >= 50
    assert written >= {int(number) for number in said}


async def test_each_commit_waits_for_the_disk(database: Database) -> None:
    # No test can cut the power: so what is asked of SQLite is what is checked (2 is FULL)
    synchronous = await database.write(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0])
    journal = await database.write(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()[0])
    assert (synchronous, journal) == (2, "wal")


async def test_a_write_returns_what_its_work_returned_and_can_be_read_at_once(things: Database) -> None:
    sql = "INSERT INTO things VALUES (1) RETURNING value"
    assert await things.write(lambda connection: connection.execute(sql).fetchone()["value"]) == 1
    assert values(things) == [1]


async def test_writes_that_come_at_once_share_one_commit(things: Database) -> None:
    commits = Commits()
    await commits.watch(things)
    await asyncio.gather(*(things.write(insert(number)) for number in range(100)))
    assert commits.count == 1
    assert values(things) == list(range(100))


async def test_writes_that_come_while_one_commits_share_the_next_commit(things: Database) -> None:
    # Given a write that is under way
    entered, go_on = threading.Event(), threading.Event()
    commits = Commits()
    await commits.watch(things)

    def slow(connection: sqlite3.Connection) -> None:
        insert("slow")(connection)
        entered.set()
        assert go_on.wait(30)

    first = asyncio.create_task(things.write(slow))
    await asyncio.to_thread(entered.wait, 30)
    # When fifty more come meanwhile
    others = [asyncio.create_task(things.write(insert(number))) for number in range(50)]
    await asyncio.to_thread(go_on.set)
    await asyncio.gather(first, *others)
    # Then all of them wait for two commits, in the order in which they came
    assert commits.count == 2
    assert values(things) == ["slow", *range(50)]


async def test_more_writes_than_a_group_holds_are_all_done(things: Database) -> None:
    commits = Commits()
    await commits.watch(things)
    await asyncio.gather(*(things.write(insert(number)) for number in range(1000)))
    assert values(things) == list(range(1000))
    assert commits.count < 10


async def test_work_that_fails_undoes_its_own_changes_only(things: Database) -> None:
    # Given work of one group, some of which fails after changing something
    commits = Commits()
    await commits.watch(things)
    group = [insert("a"), spoil("b"), insert("c"), insert("c"), insert("d"), spoil("e")]
    # When it is written at once
    outcomes = await asyncio.gather(*(things.write(work) for work in group), return_exceptions=True)
    # Then each failure is raised to who asked, and everything else is there, by one commit
    failures = [type(outcome).__name__ for outcome in outcomes]
    assert failures == ["NoneType", "LookupError", "NoneType", "IntegrityError", "NoneType", "LookupError"]
    assert values(things) == ["a", "c", "d"]
    assert commits.count == 1


async def test_a_full_disk_fails_the_writes_of_that_moment_and_none_later(things: Database) -> None:
    # Given a file that must not grow
    pages = await things.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await things.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}"))
    # When something large is written beside something small
    outcomes = await asyncio.gather(
        things.write(insert("small")), things.write(insert(b"x" * 1_000_000)), return_exceptions=True
    )
    # Then whoever is refused hears why
    assert "full" in str(outcomes[1])
    assert values(things) == (["small"] if outcomes[0] is None else [])
    # and once there is room, writing goes on
    await things.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1000}"))
    await things.write(insert(b"x" * 1_000_000))
    assert values(things)[-1] == b"x" * 1_000_000


async def test_who_stops_waiting_stops_nobody_else(things: Database) -> None:
    # Given a handler that is cancelled while its write is under way, among others of its group
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        insert("slow")(connection)
        entered.set()
        assert go_on.wait(30)

    impatient = asyncio.create_task(things.write(slow))
    patient = asyncio.create_task(things.write(insert("patient")))
    await asyncio.to_thread(entered.wait, 30)
    impatient.cancel()
    # When the commit is done
    await asyncio.to_thread(go_on.set)
    await asyncio.wait_for(patient, 10)
    # Then what was begun is there, and writing goes on
    await things.write(insert("later"))
    assert values(things) == ["slow", "patient", "later"]


async def test_closing_finishes_what_is_pending(tmp_path: Path) -> None:
    # Given writes that nobody has waited for yet
    first = Database(tmp_path / "patchbay.db")
    await first.write(lambda connection: connection.execute("CREATE TABLE things (value)"))
    writes = [asyncio.create_task(first.write(insert(number))) for number in range(300)]
    begun = asyncio.Event()
    asyncio.get_running_loop().call_soon(begun.set)
    await begun.wait()
    # When the database is closed, then they are done
    await first.close()
    await asyncio.gather(*writes)
    second = Database(tmp_path / "patchbay.db")
    assert values(second) == list(range(300))
    await second.close()


async def test_reads_of_one_moment_do_not_see_what_is_written_meanwhile(database: Database) -> None:
    # Given a table with a row
    await database.write(lambda connection: connection.execute("CREATE TABLE things (name TEXT)"))
    await database.write(lambda connection: connection.execute("INSERT INTO things VALUES ('a')"))
    with database.one_moment():
        assert len(database.query("SELECT * FROM things")) == 1
        # When another one is written between two reads
        await database.write(lambda connection: connection.execute("INSERT INTO things VALUES ('b')"))
        # Then the second read sees what the first one saw
        assert len(database.query("SELECT * FROM things")) == 1
    assert len(database.query("SELECT * FROM things")) == 2
