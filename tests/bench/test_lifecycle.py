"""The traffic: events of one size, which the peers and Patchbay understand alike."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.conversations.lists import Selection
from shared.events.catalog import EVENT_CLASSES
from tests.bench.growth import opened
from tests.bench.lifecycle import TENANT, Sender, conversations, mixed
from tests.bench.peers import one_transaction, work

_BEGAN = datetime(2026, 10, 5, 10, tzinfo=UTC)


def test_a_conversation_has_one_event_of_each_type_that_is_a_fact_all_of_one_size() -> None:
    # when the events of a conversation are written
    events = Sender("c1", _BEGAN).lifecycle()
    # then there is one of each type with which something happens, and all have the same number of bytes
    facts = {each.type_name() for each in EVENT_CLASSES if each.subscription and each.is_activity}
    assert {json.loads(event)["type"] for event in events} == facts
    assert {len(event) for event in events} == {1_032}


@pytest.mark.parametrize("per_commit", [1, 16])
async def test_the_peers_do_the_same_work(per_commit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given the events of some conversations, in which a line comes twice
    events = mixed(conversations(5, began=_BEGAN))
    monkeypatch.setenv("BENCH_STATE", str(tmp_path / "transaction.db"))
    one_transaction.publish([event.decode() for event in [*events, events[5]]])
    # when each peer handles them, and Patchbay does
    one_transaction.drain(one_transaction.opened(), per_commit)
    alone = work.open_sqlite(str(tmp_path / "alone.db"))
    for statement in work.SCHEMA:
        alone.execute(statement)
    for event in [*events, events[5]]:
        work.record(alone, event)
    async with opened(tmp_path / "patchbay.db") as pipeline:
        for event in [*events, events[5]]:
            await pipeline.deliveries.deliver(event)
        heads = (await pipeline.conversations.page(TENANT, Selection(), None)).heads
    # then all have the same conversations in the same state, and the peers have one line of each
    ours = {(head.conversation.conversation_id, head.conversation.state, head.conversation.queue) for head in heads}
    assert ours == {(f"c-{number}", "closed", "CreditCardQueue") for number in range(5)}
    for state in (alone, one_transaction.opened()):
        rows = state.execute("SELECT conversation, document FROM states").fetchall()
        found = {(name, (told := json.loads(text))["status"], told["queue"] + "Queue") for name, text in rows}
        assert found == ours
        assert state.execute("SELECT count(*) FROM lines").fetchone() == (5,)
