"""`python -m local dead-letters`: what stays and why, and all of it on its way again."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared.clock import SystemClock
from shared.embedded.bus import EmbeddedBus
from shared.embedded.database import Database
from shared.events.bus import MAX_DELIVERY_COUNT
from tests.seeds import TEXT


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with two messages that died of a bug, and one that waits."""
    place = tmp_path / "patchbay.db"

    async def bury() -> None:
        database = Database(place)
        bus = EmbeddedBus(database, SystemClock())
        for subject, name in (("message.posted", "m2"), ("bot.escalated", "m1")):
            await bus.send([(subject, name, TEXT.encode())])
            for _ in range(MAX_DELIVERY_COUNT):
                (delivery,) = await bus.receive(subject.replace(".", "-"), 1)
                await bus.abandon(delivery, "ValueError")
        await bus.send([("message.posted", "m3", b"{}")])
        await database.close()

    asyncio.run(bury())
    return place


def said(file: Path, *options: str) -> list[str]:
    result = CliRunner().invoke(cli, ["dead-letters", "--database", str(file), *options])
    assert result.exit_code == 0, result.output
    place, *lines = result.output.splitlines()
    assert place == str(file)
    return lines


def test_dead_letters_are_listed_with_their_reason_and_resubmitted_all_at_once(file: Path) -> None:
    # Given two dead letters, when they are listed, then each says where it is and why, and nothing of what it says
    letters = [
        "  bot-escalated  m1  0 min  ValueError  resubmitted 0 times before",
        "  message-posted  m2  0 min  ValueError  resubmitted 0 times before",
    ]
    for _ in range(2):
        assert said(file) == [*letters, "2 dead letters"]
    # and when they are resubmitted, then none is left
    assert said(file, "--resubmit") == [*letters, "2 dead letters resubmitted"]
    assert said(file) == ["0 dead letters"]
    assert said(file, "--resubmit") == ["0 dead letters resubmitted"]
