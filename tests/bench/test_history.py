"""Whether the benchmark beside a long history measures what it says."""

from pathlib import Path

from shared.conversations.lists import Selection
from shared.embedded.database import Database
from tests.bench.history import TENANT, compared, recorded, write_history


async def test_rows_of_a_history_are_conversations_of_every_list(tmp_path: Path) -> None:
    # Given a history of copied conversations
    database = Database(tmp_path / "history.db")
    pipeline = await recorded(database)
    await write_history(database, 600)
    # Then each can be read, and the lists have those that they should have
    assert (await pipeline.conversations.one(TENANT, "c0000599")).conversation.key == "c0000599"
    assert len((await pipeline.conversations.transcript(TENANT, "c0000042", "agent")).entries) == 2
    for selection, number in (
        (Selection({"state": "active"}, sort="started"), 100),
        (Selection({"queue": "Q3"}, sort="started"), 86),
        (Selection(sort="waiting"), 100),
    ):
        assert len((await pipeline.conversations.page(TENANT, selection, None)).heads) == number
    # and every work can be done beside it
    assert all(one > 0 for figures in (await compared([pipeline, pipeline], 1)).values() for one in figures)
    await pipeline.close()
