"""Nothing that was said stays in any file when its conversation was forgotten: not in freed pages, not in the log."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bootstrap import EmbeddedPipeline
from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.embedded.tenants import EmbeddedConfigurations
from shared.events.bus import SUBSCRIPTIONS
from shared.tenants.history import Version
from tests.builders import FROM_THE_BEGINNING, contoso, ended, message, started
from tests.embedded.copies import TEN, archived, conversations, opened

SECRET = "tulips"
"""Stands in every line, again and again, so that a part of one is found, too."""
LENGTHS = [30, 3000, 20_000]
"""Of lines: a short one, one that fills a page of the file, and one that takes several."""
LARGE = 300_000
"""More than the bus takes."""
DAY = timedelta(days=1)


async def deliver_all(pipeline: EmbeddedPipeline) -> None:
    """Deliver what is on the bus, until there is no more."""
    while pipeline.bus.backlog().active:
        for subscription in SUBSCRIPTIONS:
            if pipeline.database.query("SELECT 1 FROM messages WHERE subscription = ?", (subscription,)):
                deliveries = await pipeline.bus.receive(subscription, 32)
                for one in deliveries:
                    await pipeline.deliveries.deliver(one.body)
                await pipeline.bus.complete(*deliveries)


async def passed(pipeline: EmbeddedPipeline, step: timedelta) -> None:
    """Let time pass, and have what is due by then performed."""
    assert isinstance(pipeline.clock, MovableClock)
    pipeline.clock.advance(step)
    await pipeline.sweep.run()
    await deliver_all(pipeline)


async def talked(pipeline: EmbeddedPipeline, lengths: Sequence[int]) -> None:
    said = [SECRET * (length // len(SECRET) + 1) for length in lengths]
    lines = [message("c1", at=TEN, event_id=f"m-{number}", text=words) for number, words in enumerate(said)]
    for event in (started("c1", at=TEN), *lines, ended("c1", at=TEN)):
        await pipeline.receiver.receive_events("contoso", event.to_json().encode())
    await deliver_all(pipeline)


def files_with(folder: Path, text: str) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes())


@pytest.fixture(params=[LENGTHS, [*LENGTHS, LARGE]], ids=["on the bus", "beside the bus"])
async def forgotten(request: pytest.FixtureRequest, tmp_path: Path) -> EmbeddedPipeline:
    """A pipeline that had a conversation, archived it, and is about to forget it."""
    pipeline = opened(tmp_path / "patchbay.db")
    first = Version(1, FROM_THE_BEGINNING, contoso())
    # The tenant's own secret decides where its facts lie in the file, so it is the same in every run.
    await EmbeddedConfigurations(pipeline.database).create("contoso", first, b"always the same")
    await talked(pipeline, request.param)
    await passed(pipeline, 2 * DAY)
    with closing(sqlite3.connect(tmp_path / "patchbay.db")) as other:
        other.execute("PRAGMA wal_checkpoint")
    assert files_with(tmp_path, SECRET) == ["0.json", "patchbay.db", "patchbay.db-wal"]
    return pipeline


async def test_nothing_that_was_said_is_in_any_file(forgotten: EmbeddedPipeline, tmp_path: Path) -> None:
    # When the retention of a conversation is over
    await passed(forgotten, timedelta(days=contoso().retention_days))
    assert await conversations(forgotten) == []
    # Then its text is in no file, while the host goes on
    assert files_with(tmp_path, SECRET) == []
    assert archived(tmp_path / "patchbay.db") == []
    # and not either when it has ended
    await forgotten.close()
    assert files_with(tmp_path, SECRET) == []


async def test_while_a_backup_reads_the_log_forgetting_waits_for_nobody(
    forgotten: EmbeddedPipeline, tmp_path: Path
) -> None:
    # Given another process's long read of the file
    with closing(sqlite3.connect(tmp_path / "patchbay.db")) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM facts").fetchone()
        # When a conversation is forgotten meanwhile, then that succeeds
        await passed(forgotten, timedelta(days=contoso().retention_days))
        assert await conversations(forgotten) == []
        assert files_with(tmp_path, SECRET) != []
    # and when the read has ended, the next write empties the log
    await forgotten.database.write(lambda connection: connection.execute("DELETE FROM reports"))
    assert files_with(tmp_path, SECRET) == []
    await forgotten.close()


async def test_what_is_deleted_is_overwritten_whatever_sqlite_was_built_with(database: Database) -> None:
    assert await database.write(lambda connection: connection.execute("PRAGMA secure_delete").fetchone()[0]) == 1


async def test_only_what_forgets_empties_the_log(database: Database) -> None:
    def log() -> int:
        return Path(f"{database.path}-wal").stat().st_size

    await database.write(lambda connection: connection.execute("CREATE TABLE things (value)"))
    assert log() > 0
    await database.write(lambda connection: connection.execute("DELETE FROM things"), forgets=True)
    assert log() == 0
