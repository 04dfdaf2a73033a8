"""A conversation's parts go with it, whoever else looks after it at that moment, and whenever the process ends."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bootstrap import EmbeddedPipeline
from shared.clock import MovableClock
from shared.embedded.archive import FolderArchive
from shared.embedded.places import archive_beside
from shared.timers.asked import Asked
from tests.builders import contoso
from tests.embedded.copies import NOW, archived, conversations, filled, opened
from tests.embedded.killed import killed_at_each_step

TWENTY = [f"c{number}" for number in range(100, 120)]
TIMEOUTS = "inactivity-timeout"
DAY = timedelta(days=1)


async def swept_by(pipeline: EmbeddedPipeline, sweeps: int) -> None:
    """So many sweeps ask about the same conversations, and all their questions are answered at once."""
    for sweep in (replace(pipeline.sweep, asked=Asked()) for _ in range(sweeps)):
        await sweep.run()
    if pipeline.bus.backlog().active:
        deliveries = await pipeline.bus.receive(TIMEOUTS, 1000)
        await asyncio.gather(*(pipeline.deliveries.deliver(one.body) for one in deliveries))
        await pipeline.bus.complete(*deliveries)


async def with_addenda(file: Path) -> EmbeddedPipeline:
    """A pipeline with an archived conversation of three parts."""
    pipeline = await filled(file, "c1")
    archive = FolderArchive(archive_beside(file))
    await archive.delete("contoso", "c0")
    assert isinstance(pipeline.clock, MovableClock)
    pipeline.clock.advance(2 * DAY)
    await swept_by(pipeline, 1)
    for part in (1, 2):
        await archive.add("contoso", "c1", part, b'{"facts": []}')
    return pipeline


async def test_two_sweeps_at_once_leave_no_part_of_a_forgotten_conversation(tmp_path: Path) -> None:
    # given twenty conversations in the archive
    file = tmp_path / "patchbay.db"
    pipeline = await filled(file, *TWENTY)
    assert isinstance(pipeline.clock, MovableClock)
    await FolderArchive(archive_beside(file)).delete("contoso", "c0")
    pipeline.clock.advance(2 * DAY)
    await swept_by(pipeline, 2)
    assert len(archived(file)) == len(TWENTY)
    # when their retention is over, and two sweeps see it at once
    pipeline.clock.advance(timedelta(days=contoso().retention_days))
    await swept_by(pipeline, 2)
    # then nothing of them is left
    assert await conversations(pipeline) == []
    assert archived(file) == []
    await pipeline.close()


async def test_a_deletion_that_was_killed_leaves_a_whole_beginning_and_is_finished_later(tmp_path: Path) -> None:
    # given archives of a conversation with three parts
    add = "asyncio.run(a.add('contoso', 'c1', n, str(n).encode()))"
    imports = "import asyncio; from shared.embedded.archive import FolderArchive"
    made = f"{imports}; a = FolderArchive(place); [{add} for n in range(3)]"
    # when each is deleted, killed a step later than the one before
    steps = killed_at_each_step(tmp_path, "asyncio.run(a.delete('contoso', 'c1'))", before=made)
    left = []
    for step in range(steps + 1):
        archive = FolderArchive(tmp_path / str(step))
        parts = list(await archive.parts("contoso", "c1"))
        left.append(len(parts))
        # then what is left is a whole beginning, which can be archived anew
        assert parts == [b"0", b"1", b"2"][: len(parts)]
        await archive.add("contoso", "c1", len(parts), b"anew")
        # and the next deletion leaves nothing
        await archive.delete("contoso", "c1")
        assert list((tmp_path / str(step) / "contoso").iterdir()) == []
    assert sorted(set(left)) == [0, 1, 2, 3]
    assert left == sorted(left, reverse=True)


_CHECKED = """
import asyncio, sys
from datetime import timedelta
from tests.builders import contoso
from tests.embedded.copies import NOW, opened
from tests.embedded.test_archive import swept_by

async def check(place):
    pipeline = opened(place / "patchbay.db", NOW + timedelta(days=contoso().retention_days + 2))
    await swept_by(pipeline, 1)
    await pipeline.close()
"""


async def test_the_next_check_finishes_a_deletion_that_was_killed(tmp_path: Path) -> None:
    # given an archived conversation with two addenda
    file = tmp_path / "live" / "patchbay.db"
    pipeline = await with_addenda(file)
    await pipeline.close()
    made = f"import shutil; shutil.copytree({str(file.parent)!r}, place); exec({_CHECKED!r}, globals())"
    # when its retention is over, and checks of it are killed, each a deletion later than the one before
    folder = tmp_path / "killed"
    folder.mkdir()
    steps = killed_at_each_step(folder, "asyncio.run(check(place))", made, counted=("os.remove", "os.rmdir"))
    half = 0
    for step in range(steps + 1):
        left = folder / str(step) / "patchbay.db"
        half += 0 < len(archived(left)) < 3
        # then the next one leaves nothing
        later = opened(left, NOW + timedelta(days=contoso().retention_days + 2))
        await later.bus.release_locks()
        await swept_by(later, 1)
        assert (await conversations(later), archived(left)) == ([], [])
        await later.close()
    assert half > 1


async def test_what_was_written_or_deleted_is_in_its_folders_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a disk that tells what was made durable, after what
    flushed: list[tuple[str, list[str]]] = []
    flush = os.fsync

    def noted(descriptor: int) -> None:
        flush(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            flushed.append((path.name, sorted(one.name for one in path.iterdir())))

    monkeypatch.setattr(os, "fsync", noted)
    # when two parts are written
    (tmp_path / "data").mkdir()
    archive = FolderArchive(tmp_path / "data" / "patchbay.archive")
    await archive.add("contoso", "c1", 0, b"{}")
    # then each folder that has a new name is durable, up to the database's own
    assert flushed[-3:] == [
        ("contoso", ["c1"]),
        ("patchbay.archive", ["contoso"]),
        ("data", ["patchbay.archive"]),
    ]
    await archive.add("contoso", "c1", 1, b"{}")
    flushed.clear()
    # and when they are deleted, each is gone for good before the next goes
    await archive.delete("contoso", "c1")
    assert flushed == [("c1", ["0.json"]), ("c1", []), ("contoso", [])]
