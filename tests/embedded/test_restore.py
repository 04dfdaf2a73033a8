"""A restore brings back all of a copy or nothing, and takes the place of nothing that is used or wanted."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared.bootstrap import EmbeddedPipeline
from shared.embedded.backup import BackupRefused, back_up
from shared.embedded.holding import DatabaseInUse, DatabaseUnreadable
from shared.embedded.places import archive_beside
from shared.embedded.restore import RestoreRefused, restore
from shared.schema import SchemaDiffers
from tests.embedded.copies import archived, filled, names_in, sound
from tests.embedded.killed import killed_at_each_step


@pytest.fixture
async def copy(running: EmbeddedPipeline, tmp_path: Path) -> Path:
    """A copy of the running pipeline's data, which nobody uses any more."""
    back_up(tmp_path / "patchbay.db", tmp_path / "copies" / "monday.db")
    await running.close()
    return tmp_path / "copies" / "monday.db"


async def test_what_was_copied_is_back_and_the_copy_stays(copy: Path, tmp_path: Path) -> None:
    # given a copy, and no database; when it is restored
    has = restore(copy, tmp_path / "new" / "patchbay.db", replace=False)
    # then all of it is there, nothing else is, and the copy is as it was
    assert (has.conversations, has.facts, has.archive_files) == (3, 9, 1)
    assert {"patchbay.db", "patchbay.archive"} <= set(names_in(tmp_path / "new"))
    assert await sound(tmp_path / "new" / "patchbay.db") == ["c1", "c2", "c3"]
    assert archived(tmp_path / "new" / "patchbay.db") == archived(copy) == [b"{}"]
    assert await sound(copy) == ["c1", "c2", "c3"]


async def test_what_is_there_is_replaced_only_when_told(copy: Path, tmp_path: Path) -> None:
    # given another database, with an archive of its own, and one that has only an archive
    place = tmp_path / "live" / "patchbay.db"
    await (await filled(place, "d1", archived=b'"other"')).close()
    archive_beside(tmp_path / "half" / "patchbay.db").mkdir(parents=True)
    # when the copy is to take their place, then it is refused, and all is as it was
    for taken in (place, tmp_path / "half" / "patchbay.db"):
        with pytest.raises(RestoreRefused, match="--replace"):
            restore(copy, taken, replace=False)
    assert await sound(place) == ["d1"]
    assert archived(place) == [b'"other"']
    # and when it is told to, then nothing of what was there is left
    restore(copy, place, replace=True)
    assert await sound(place) == ["c1", "c2", "c3"]
    assert archived(place) == [b"{}"]


async def test_a_database_that_a_host_uses_is_never_replaced(copy: Path, tmp_path: Path) -> None:
    live = await filled(tmp_path / "live" / "patchbay.db", "d1")
    with pytest.raises(DatabaseInUse):
        restore(copy, tmp_path / "live" / "patchbay.db", replace=True)
    await live.close()
    assert await sound(tmp_path / "live" / "patchbay.db") == ["d1"]


async def test_what_a_log_still_has_is_not_written_into_what_was_restored(copy: Path, tmp_path: Path) -> None:
    # given a database whose process was killed, so that its log is still there
    place = tmp_path / "patchbay.db"
    unfinished = sqlite3.connect(place)
    unfinished.execute("INSERT INTO secrets SELECT 'x', 'y' WHERE 0")
    (tmp_path / "patchbay.db-wal").write_bytes(b"\0" * 5000)
    unfinished.close()
    (tmp_path / "patchbay.db-wal").write_bytes(b"\0" * 5000)
    # when the copy takes its place, then the log is gone
    restore(copy, place, replace=True)
    assert not (tmp_path / "patchbay.db-wal").exists()
    assert await sound(place) == ["c1", "c2", "c3"]


async def test_what_is_no_sound_copy_of_this_schema_is_refused_and_the_place_stays_free(
    copy: Path, tmp_path: Path
) -> None:
    # given copies that are garbage, of another product, and of another schema version, and none at all
    place = tmp_path / "new" / "patchbay.db"
    (tmp_path / "garbage.db").write_bytes(b"garbage" * 1000)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    older = sqlite3.connect(copy)
    older.execute("PRAGMA user_version = 4")
    older.close()
    # when they are to be restored, then each is refused by its name
    for name, error in (
        ("garbage.db", DatabaseUnreadable),
        ("other.db", DatabaseUnreadable),
        ("copies/monday.db", SchemaDiffers),
        ("none.db", RestoreRefused),
        ("copies", RestoreRefused),
    ):
        with pytest.raises(error, match=str(tmp_path / name)):
            restore(tmp_path / name, place, replace=False)
    # and nothing is there
    assert names_in(tmp_path / "new") == ["patchbay.db-lock"]


@pytest.mark.parametrize("place", ["copies/monday.db", "copies/monday.archive", "link.db", "folder", "linked.db"])
async def test_a_copy_is_not_restored_onto_itself_a_link_or_a_folder(copy: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "patchbay.db")
    (tmp_path / "folder").mkdir()
    (tmp_path / "linked.archive").symlink_to(tmp_path / "folder")
    with pytest.raises(RestoreRefused):
        restore(copy, tmp_path / place, replace=True)
    assert archived(copy) == [b"{}"]
    assert await sound(copy) == ["c1", "c2", "c3"]


@pytest.mark.parametrize(
    "place", ["patchbay.archive/contoso/monday.db", "patchbay.db-restored/database", "hard-link.db"]
)
async def test_a_copy_that_would_go_with_what_is_replaced_is_refused_and_both_stay(
    copy: Path, tmp_path: Path, place: str
) -> None:
    # given the only copy, where it would be lost with what it replaces: in its folders, or as the same file
    moved = tmp_path / place
    moved.parent.mkdir(exist_ok=True)
    if moved.name == "hard-link.db":
        moved.hardlink_to(tmp_path / "patchbay.db")
    else:
        shutil.move(copy, moved)
    # when it is to be restored, then that is refused
    with pytest.raises(RestoreRefused, match="share a place"):
        restore(moved, tmp_path / "patchbay.db", replace=True)
    # and both are there
    assert moved.is_file()
    assert archived(tmp_path / "patchbay.db") == [b"{}"]


async def test_a_database_within_the_copys_archive_is_refused(copy: Path) -> None:
    with pytest.raises(RestoreRefused, match="share a place"):
        restore(copy, archive_beside(copy) / "contoso" / "new.db", replace=False)
    assert archived(copy) == [b"{}"]


async def test_a_file_in_the_archives_place_is_refused_before_anything_is_replaced(copy: Path, tmp_path: Path) -> None:
    # given a file that has the name of the archive's folder
    place = tmp_path / "live" / "patchbay.db"
    await (await filled(place, "d1")).close()
    shutil.rmtree(archive_beside(place))
    archive_beside(place).write_text("notes")
    # when the copy is to take the place, then it is refused, and the database is as it was
    with pytest.raises(RestoreRefused, match="is a file"):
        restore(copy, place, replace=True)
    assert await sound(place) == ["d1"]


async def test_a_journal_of_what_is_replaced_is_not_written_into_what_was_restored(copy: Path, tmp_path: Path) -> None:
    # given a database whose first start was cut short: its pages are in a journal, from which SQLite would take them
    place = tmp_path / "live" / "patchbay.db"
    place.parent.mkdir()
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as old:
        old.execute("PRAGMA cache_size = 1")
        old.execute("CREATE TABLE heads (a)")
        old.executemany("INSERT INTO heads VALUES (zeroblob(4000))", [()] * 100)
        old.execute("BEGIN")
        old.execute("UPDATE heads SET a = zeroblob(3999)")
        shutil.copyfile(tmp_path / "old.db", place)
        shutil.copyfile(tmp_path / "old.db-journal", tmp_path / "live" / "patchbay.db-journal")
    # when a copy takes its place, then it is whole
    restore(copy, place, replace=True)
    assert await sound(place) == ["c1", "c2", "c3"]


@pytest.mark.parametrize("there", [True, False], ids=["onto another", "where there was none"])
async def test_a_killed_restore_leaves_all_of_the_copy_or_all_of_what_was_there(
    copy: Path, tmp_path: Path, *, there: bool
) -> None:
    # given places, with another database and its archive or without any
    folder = tmp_path / "killed"
    folder.mkdir()
    made = ""
    if there:
        await (await filled(tmp_path / "live" / "patchbay.db", "d1", archived=b'"other"')).close()
        made = f'shutil.copytree("{tmp_path / "live"}", place); '
    # when the copy is restored there, each time killed a step later than the time before
    work = f'restore(Path("{copy}"), place / "patchbay.db", replace=True)'
    steps = killed_at_each_step(folder, work, before=f"import shutil; {made}")
    assert steps > 15
    states = []
    for step in range(steps + 1):
        place = folder / str(step) / "patchbay.db"
        waits = (folder / str(step) / "patchbay.db-restored").exists()
        if waits:
            with pytest.raises(BackupRefused):
                back_up(place, tmp_path / "never.db")
        if place.exists() or waits:
            # then whoever opens it next finds database and archive of one of both
            found = await sound(place), archived(place)
            assert found in ((["d1"], [b'"other"']), (["c1", "c2", "c3"], [b"{}"]))
            states.append(found[0][0])
        else:
            assert not there
            assert archived(place) == []
        # and what is left is in the way of no other restore
        restore(copy, place, replace=True)
        assert (await sound(place), archived(place)) == (["c1", "c2", "c3"], [b"{}"])
    # and the copy counts from one step on
    assert states == sorted(states, reverse=True)
    assert set(states) == ({"d1", "c1"} if there else {"c1"})


async def test_the_command_says_what_is_there_now_and_what_comes_next(copy: Path, tmp_path: Path) -> None:
    # given a copy and a place that is taken, when the command is run without --replace and with it
    place = tmp_path / "patchbay.db"
    command = ["restore", str(copy), "--database", str(place)]
    first, second = CliRunner().invoke(cli, command), CliRunner().invoke(cli, [*command, "--replace"])
    # then the first says why it does not, and the second what it did
    assert first.exit_code == 1
    assert f"Patchbay restores nothing: {place} exists" in first.stderr
    lines = second.stdout.splitlines()
    assert second.exit_code == 0
    assert lines[0].startswith(f"{place}  1 tenant, 3 conversations, 9 facts, ")
    assert lines[1] == f"{archive_beside(place)}  1 file, 2 bytes"
    assert lines[2].startswith(f"restored from {copy}")
