"""A copy is what stood in the file at one moment, whoever is writing; restored, it rebuilds without a difference."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared.bootstrap import EmbeddedPipeline, embedded
from shared.clock import MovableClock
from shared.embedded.archive import FolderArchive, archive_beside
from shared.embedded.backup import BackupRefused, back_up
from shared.embedded.conversations import EmbeddedConversations
from shared.events.envelope import format_time, parse_time
from shared.settings import Settings
from tests.builders import EXAMPLES, ended, message, started

NOW = parse_time("2026-11-20T12:00:00Z")
TEN = format_time(NOW)


def opened(file: Path, now: datetime = NOW) -> EmbeddedPipeline:
    return embedded(Settings(database=file), MovableClock(now))


async def recorded(pipeline: EmbeddedPipeline, *keys: str) -> None:
    """Conversations of contoso, each with a line and an end."""
    for key in keys:
        for event in (started(key, at=TEN), message(key, at=TEN, event_id=f"m-{key}"), ended(key, at=TEN)):
            await pipeline.deliveries.deliver(event.to_json().encode())


async def conversations(pipeline: EmbeddedPipeline) -> list[str]:
    return list(await EmbeddedConversations(pipeline.database).keys("contoso", None, 1000))


@pytest.fixture
async def running(tmp_path: Path) -> EmbeddedPipeline:
    """A pipeline with a tenant, three conversations, and a part in the archive."""
    pipeline = opened(tmp_path / "patchbay.db")
    body = (EXAMPLES / "contoso.yaml").read_bytes()
    await pipeline.configurations.put("contoso", body, None)
    await recorded(pipeline, "c1", "c2", "c3")
    await FolderArchive(archive_beside(tmp_path / "patchbay.db")).add("contoso", "c0", 0, b"{}")
    return pipeline


async def test_a_copy_of_a_file_in_use_rebuilds_without_a_difference(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a host that goes on writing while the copy is made
    copy = tmp_path / "copies" / "monday.db"
    later = [f"later-{number}" for number in range(20)]
    writing = asyncio.create_task(recorded(running, *later))
    await asyncio.to_thread(back_up, tmp_path / "patchbay.db", copy)
    await writing
    await running.close()
    # when the copy is opened, as it is after a restore, and the sweep has performed what was under way
    restored = opened(copy, NOW + timedelta(minutes=1))
    await restored.sweep.run()
    found, kept = await restored.rebuild.compare("contoso"), await conversations(restored)
    # then heads, decisions and ledger are what its facts make them, and nothing from before the copy is missing
    assert found.differences == []
    assert {"c1", "c2", "c3"} <= set(kept)
    # and it has its archive, and goes on
    assert list(await FolderArchive(archive_beside(copy)).parts("contoso", "c0")) == [b"{}"]
    await recorded(restored, *later)
    assert set(await conversations(restored)) == {"c1", "c2", "c3", *later}
    await restored.close()


async def test_nothing_is_overwritten(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a copy
    copy = tmp_path / "monday.db"
    back_up(tmp_path / "patchbay.db", copy)
    before = copy.read_bytes()
    # when another one is asked for in its place, then it is refused, and the first is as it was
    with pytest.raises(BackupRefused):
        back_up(tmp_path / "patchbay.db", copy)
    assert copy.read_bytes() == before
    await running.close()


async def test_a_damaged_database_gives_no_copy(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database whose middle is overwritten
    await running.close()
    file = tmp_path / "patchbay.db"
    body = bytearray(file.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    file.write_bytes(body)
    # when it is copied, then it is refused, and nothing is left that looks like a copy, or is in the next one's way
    with pytest.raises(BackupRefused):
        back_up(file, tmp_path / "copies" / "monday.db")
    assert list((tmp_path / "copies").iterdir()) == []


async def test_a_copy_that_is_not_finished_leaves_nothing(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given an archive that cannot be read
    await running.close()
    unreadable = archive_beside(tmp_path / "patchbay.db") / "contoso" / "c9" / "0.json"
    unreadable.mkdir(parents=True)
    # when it is copied, then neither database nor archive is left, and once it is mended the copy is made
    copy = tmp_path / "copies" / "monday.db"
    with pytest.raises(OSError, match="directory"):
        back_up(tmp_path / "patchbay.db", copy)
    assert list(copy.parent.iterdir()) == []
    unreadable.rmdir()
    back_up(tmp_path / "patchbay.db", copy)
    assert {path.name for path in copy.parent.iterdir()} == {"monday.db", "monday.archive"}


async def test_the_command_copies_and_refuses(running: EmbeddedPipeline, tmp_path: Path) -> None:
    # given a database in use, when the command is run twice
    command = ["backup", str(tmp_path / "monday.db"), "--database", str(tmp_path / "patchbay.db")]
    first, second = CliRunner().invoke(cli, command), CliRunner().invoke(cli, command)
    await running.close()
    # then the first names both copies, and the second says why it does not
    assert (first.exit_code, first.stdout.split()[0]) == (0, str(tmp_path / "monday.db"))
    assert second.exit_code == 1
    assert "exists" in second.stderr
    # and a database that is not there is not copied
    absent = CliRunner().invoke(cli, ["backup", str(tmp_path / "none.db"), "--database", str(tmp_path / "absent.db")])
    assert absent.exit_code == 1
