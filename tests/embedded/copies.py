"""Pipelines on files that are copied and restored, and what is in them."""

from datetime import datetime, timedelta
from pathlib import Path

from shared.bootstrap import EmbeddedPipeline, embedded
from shared.clock import MovableClock
from shared.embedded.archive import FolderArchive
from shared.embedded.backup import back_up
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.places import archive_beside
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


async def filled(file: Path, *keys: str, archived: bytes = b"{}") -> EmbeddedPipeline:
    """A pipeline with a tenant, these conversations, and a part in the archive."""
    pipeline = opened(file)
    await pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
    await recorded(pipeline, *keys)
    await FolderArchive(archive_beside(file)).add("contoso", "c0", 0, archived)
    return pipeline


def a_copy_of(file: Path) -> Path:
    """A copy of the database, in a folder of its own."""
    copy = file.parent / "copies" / "copy.db"
    back_up(file, copy)
    return copy


async def conversations(pipeline: EmbeddedPipeline) -> list[str]:
    return list(await EmbeddedConversations(pipeline.database).keys("contoso", None, 1000))


async def sound(file: Path) -> list[str]:
    """The conversations of a database whose heads, decisions and ledger are what its facts make them."""
    pipeline = opened(file, NOW + timedelta(minutes=1))
    try:
        await pipeline.sweep.run()
        assert (await pipeline.rebuild.compare("contoso")).differences == []
        return await conversations(pipeline)
    finally:
        await pipeline.close()


def archived(database: Path) -> list[bytes]:
    """The parts in the database's archive."""
    return [part.read_bytes() for part in archive_beside(database).rglob("*.json")]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
