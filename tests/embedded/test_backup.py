"""A copy is what stood in the file at one moment, whoever is writing; restored, it rebuilds without a difference."""

import asyncio
import re
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared.bootstrap import EmbeddedPipeline
from shared.embedded.archive import FolderArchive
from shared.embedded.backup import BackupRefused, back_up
from shared.embedded.holding import DatabaseUnreadable
from shared.embedded.places import archive_beside
from tests.embedded.copies import archived, conversations, filled, names_in, opened, recorded, sound
from tests.embedded.killed import killed_at_each_step
from tests.embedded.processes import ROOT


async def test_a_copy_of_a_file_in_use_rebuilds_without_a_difference(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a host that goes on writing while the copy is made
    copy = tmp_path / "copies" / "monday.db"
    later = [f"later-{number}" for number in range(20)]
    writing = asyncio.create_task(recorded(running, *later))
    await asyncio.to_thread(back_up, tmp_path / "patchbay.db", copy)
    await writing
    await running.close()
    # when the copy is opened, and the sweep has performed what was under way,
    # then heads, decisions and ledger are what its facts make them, and nothing from before the copy is missing
    assert {"c1", "c2", "c3"} <= set(await sound(copy))
    # and it has its archive, and goes on
    assert list(await FolderArchive(archive_beside(copy)).parts("contoso", "c0")) == [b"{}"]
    restored = opened(copy)
    await recorded(restored, *later)
    assert set(await conversations(restored)) == {"c1", "c2", "c3", *later}
    await restored.close()


async def test_nothing_is_overwritten(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a copy
    copy = tmp_path / "monday.db"
    back_up(tmp_path / "patchbay.db", copy)
    before = copy.read_bytes()
    # when another one is asked for in its place, then it is refused, and the first is as it was
    with pytest.raises(BackupRefused, match=r"monday.db exists"):
        back_up(tmp_path / "patchbay.db", copy)
    # and neither is an archive that has lost its database
    copy.unlink()
    with pytest.raises(BackupRefused, match=r"monday.archive exists"):
        back_up(tmp_path / "patchbay.db", copy)
    assert archive_beside(copy).exists()
    back_up(tmp_path / "patchbay.db", tmp_path / "tuesday.db")
    assert (tmp_path / "tuesday.db").stat().st_size == len(before)
    await running.close()


@pytest.mark.parametrize("has_archive", [True, False], ids=["with an archive", "without one yet"])
@pytest.mark.parametrize(
    "place",
    [
        "patchbay.archive",
        "patchbay.db-wal",
        "patchbay.db-archive",
        "copies/../patchbay.db",
        "link/patchbay.db",
        "link.db",
    ],
)
async def test_a_copy_in_a_place_of_its_database_is_refused_and_the_archive_stays(
    running: EmbeddedPipeline, tmp_path: Path, place: str, *, has_archive: bool
) -> None:
    # given a database, and other names of its place
    await running.close()
    (tmp_path / "copies").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "patchbay.db")
    archive = archive_beside(tmp_path / "patchbay.db")
    if not has_archive:
        archive.rename(tmp_path / "elsewhere")
    # when it is copied to where something of its own is, or may be, then that is refused
    with pytest.raises(BackupRefused):
        back_up(tmp_path / "patchbay.db", tmp_path / place)
    # and the archive is as it was
    assert archived(tmp_path / "patchbay.db") == [b"{}"] * has_archive
    assert not any(name.endswith(".draft") for name in names_in(tmp_path))


async def test_databases_of_one_stem_share_no_archive(tmp_path: Path) -> None:
    # given databases whose names differ in what stands behind the dot, or in nothing but that
    names = ("two.db", "two.sqlite", "two", "two.db.db", "two.archive.db")
    for number, name in enumerate(names):
        await (await filled(tmp_path / name, archived=str(number).encode())).close()
    # then each has an archive of its own, also if a link names the database
    assert [archived(tmp_path / name) for name in names] == [[str(number).encode()] for number in range(len(names))]
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "two.db")
    assert archive_beside(tmp_path / "link.sqlite") == archive_beside(tmp_path / "two.db")
    # and a copy of one's stem brings its own
    back_up(tmp_path / "two.db", tmp_path / "two.copy")
    assert archived(tmp_path / "two.copy") == archived(tmp_path / "two.db") == [b"0"]


@pytest.mark.parametrize("folder", ["patchbay.archive/contoso", "patchbay.db-restored", "elsewhere/contoso"])
async def test_a_copy_inside_a_place_of_its_database_is_refused_and_leaves_nothing(
    running: EmbeddedPipeline, tmp_path: Path, folder: str
) -> None:
    # given an archive that is a link to a folder elsewhere
    await running.close()
    (tmp_path / "patchbay.archive").rename(tmp_path / "elsewhere")
    (tmp_path / "patchbay.archive").symlink_to(tmp_path / "elsewhere")
    there = names_in(tmp_path)
    # when a copy is to go into a folder that is the database's own, or may become so, then it is refused
    with pytest.raises(BackupRefused, match="or lies in one"):
        back_up(tmp_path / "patchbay.db", tmp_path / folder / "monday.db")
    # and no folder is made, which the next start would take for a restored one
    assert names_in(tmp_path) == there


async def test_a_restore_that_was_cut_short_is_seen_by_a_links_name_too(
    running: EmbeddedPipeline, tmp_path: Path
) -> None:
    await running.close()
    (tmp_path / "link.db").symlink_to(tmp_path / "patchbay.db")
    (tmp_path / "patchbay.db-restored").mkdir()
    with pytest.raises(BackupRefused, match="cut short"):
        back_up(tmp_path / "link.db", tmp_path / "copies" / "monday.db")


async def test_a_damaged_database_gives_no_copy(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database whose middle is overwritten, one that is empty, and another product's
    await running.close()
    file = tmp_path / "patchbay.db"
    body = bytearray(file.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    file.write_bytes(body)
    (tmp_path / "empty.db").touch()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    # when it is copied, then it is refused, and nothing is left that looks like a copy, or is in the next one's way
    for name in ("patchbay.db", "empty.db", "other.db"):
        with pytest.raises(DatabaseUnreadable):
            back_up(tmp_path / name, tmp_path / "copies" / "monday.db")
    assert names_in(tmp_path / "copies") == []


async def test_a_copy_that_is_not_finished_leaves_nothing(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given an archive that cannot be read
    await running.close()
    unreadable = archive_beside(tmp_path / "patchbay.db") / "contoso" / "c9" / "0.json"
    unreadable.mkdir(parents=True)
    # when it is copied, then neither database nor archive is left, and once it is mended the copy is made
    copy = tmp_path / "copies" / "monday.db"
    with pytest.raises(OSError, match="directory"):
        back_up(tmp_path / "patchbay.db", copy)
    assert names_in(copy.parent) == []
    unreadable.rmdir()
    back_up(tmp_path / "patchbay.db", copy)
    assert names_in(copy.parent) == ["monday.archive", "monday.db"]


async def test_what_is_no_part_of_an_archive_is_not_copied(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given an archive with the draft of a part, a file that somebody left there, and a folder that is gone
    await running.close()
    archive = archive_beside(tmp_path / "patchbay.db")
    (archive / "contoso" / "c0" / "1.0f.draft").touch()
    (archive / "notes.json").touch()
    (archive / "contoso" / "gone").symlink_to(tmp_path / "nowhere")
    # when it is copied, then the copy has the parts only
    assert back_up(tmp_path / "patchbay.db", tmp_path / "monday.db").archive_files == 1
    assert archived(tmp_path / "monday.db") == [b"{}"]


async def test_a_killed_backup_leaves_a_whole_copy_or_none(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database with an archive
    await running.close()
    database = tmp_path / "patchbay.db"
    # when copies of it are made, each killed a step later than the one before
    folder = tmp_path / "killed"
    folder.mkdir()
    steps = killed_at_each_step(folder, f'back_up(Path("{database}"), place / "monday.db")')
    assert steps > 10
    whole = 0
    for step in range(steps + 1):
        copy = folder / str(step) / "monday.db"
        if copy.exists():
            # then what has a copy's name is whole, with its archive
            whole += 1
            assert await sound(copy) == ["c1", "c2", "c3"]
            assert archived(copy) == [b"{}"]
        elif not archive_beside(copy).exists():
            # and what was left is in no later copy's way
            back_up(database, copy)
    assert 0 < whole < steps
    # and the database's own archive is as it was
    assert archived(database) == [b"{}"]


async def test_a_backup_that_is_told_to_end_removes_what_it_made(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database with an archive
    await running.close()
    folder = tmp_path / "ended"
    folder.mkdir()
    # when backups are told to end, each a step later than the one before
    work = f'print_backup(Path("{tmp_path / "patchbay.db"}"), place / "monday.db")'
    steps = killed_at_each_step(folder, work, number=signal.SIGTERM)
    # then each leaves a whole copy or nothing, and its draft only where it had begun to remove that
    left = [names_in(folder / str(step)) for step in range(steps + 1) if (folder / str(step)).exists()]
    whole = ["monday.archive", "monday.db"]
    begun = [names for names in left if names != [] and names[:2] != whole]
    assert len(left) > 10
    assert begun == []


async def test_of_two_backups_to_one_name_at_once_one_is_whole(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database in use
    copy = tmp_path / "copies" / "monday.db"
    # when it is copied twice to one place at the same time
    both = [asyncio.to_thread(back_up, tmp_path / "patchbay.db", copy) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    await running.close()
    # then one copy is made, with its archive, the other one is refused, and neither leaves anything else
    assert sorted(isinstance(one, BackupRefused) for one in outcomes) == [False, True]
    assert names_in(copy.parent) == ["monday.archive", "monday.db"]
    assert await sound(copy) == ["c1", "c2", "c3"]


async def test_the_command_says_what_it_copied_and_refuses(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database in use, when the command is run twice
    command = ["backup", str(tmp_path / "monday.db"), "--database", str(tmp_path / "patchbay.db")]
    first, second = CliRunner().invoke(cli, command), CliRunner().invoke(cli, command)
    await running.close()
    # then the first says what both copies have, and where they are, and the second says why it does not
    size = (tmp_path / "monday.db").stat().st_size
    assert first.exit_code == 0
    assert first.stdout.splitlines() == [
        f"{tmp_path / 'monday.db'}  1 tenant, 3 conversations, 9 facts, {size:,} bytes",
        f"{tmp_path / 'monday.archive'}  1 file, 2 bytes",
    ]
    assert second.exit_code == 1
    assert "exists" in second.stderr
    # and a database that is not there is not copied
    absent = CliRunner().invoke(cli, ["backup", str(tmp_path / "none.db"), "--database", str(tmp_path / "absent.db")])
    assert absent.exit_code == 1


async def test_a_copy_for_which_there_is_no_room_is_named_and_not_the_database(
    running: EmbeddedPipeline, tmp_path: Path
) -> None:
    # given a system that takes no more of a file than a part of the copy
    await running.close()
    copy = tmp_path / "copies" / "monday.db"
    command = [sys.executable, "-m", "local", "backup", str(copy), "--database", str(tmp_path / "patchbay.db")]
    limited = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *command]
    run = partial(subprocess.run, limited, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    backup = await asyncio.to_thread(run)
    # then the copy is what cannot be written, and nothing of it is left
    assert backup.returncode == 1
    assert re.match(rf"Patchbay makes no copy: {copy}\..*: No space left on device; name another place", backup.stderr)
    assert names_in(copy.parent) == []
