"""A conversation takes a bounded number of facts from outside, and still ends."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.conversations.fullness import MOST_FACTS, FullConversations, is_counted_with, refuse_if_full
from shared.conversations.ports import Loaded
from shared.errors import ConversationFull
from shared.events.catalog import Event
from shared.events.envelope import OWN_SOURCE, format_time
from shared.wire import replace
from tests.builders import ended, escalated, fact_of, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.fakes import MemoryConversations

PLACE = ("contoso", "c1")


class Large(MemoryConversations):
    """Says of each conversation that it has so many facts more than it was given."""

    def __init__(self, more: int) -> None:
        super().__init__()
        self._more = more

    async def count(self, tenant_id: str, key: str) -> int:
        return self._more + await super().count(tenant_id, key)


def lines(count: int) -> Sequence[Event]:
    return [message(at=format_time(NOW - timedelta(seconds=1000 - n)), event_id=f"m{n}") for n in range(count)]


async def test_lines_that_are_only_stored_are_taken_up_to_the_bound_and_a_few_hundred_more() -> None:
    # Given a conversation that has nearly as many facts as it takes
    pipeline = await InMemory(conversations=Large(MOST_FACTS - 1)).configured()
    await pipeline.record(started(at=format_time(NOW - timedelta(seconds=1000))))
    # When lines come without end, then they are refused before long
    with pytest.raises(ConversationFull):
        await pipeline.record(*lines(2_000))
    # and silence ends the conversation all the same
    pipeline.clock.advance(timedelta(days=31))
    await pipeline.sweep.run()
    await pipeline.drain()
    assert (await pipeline.reading.one(*PLACE)).conversation.state == "closed"


async def test_what_is_known_to_be_full_is_counted_again_after_ten_minutes() -> None:
    full, line, end = FullConversations(), fact_of(message(), NOW), fact_of(replace(ended(), source=OWN_SOURCE), NOW)
    full.note(PLACE, MOST_FACTS, NOW)
    with pytest.raises(ConversationFull):
        full.refuse(PLACE, line, NOW)
    full.refuse(PLACE, end, NOW)
    full.refuse(PLACE, line, NOW + timedelta(minutes=10))
    # and a clock that was set back keeps nobody out
    full.refuse(PLACE, line, NOW - timedelta(minutes=1))
    full.refuse(("contoso", "c2"), line, NOW)


def test_what_has_all_facts_loaded_is_refused_exactly_at_the_bound() -> None:
    line = fact_of(escalated(), NOW)
    refuse_if_full([line], MOST_FACTS - 1)
    with pytest.raises(ConversationFull):
        refuse_if_full([line], MOST_FACTS)
    refuse_if_full([], MOST_FACTS + 1)


def test_of_some_hundred_lines_one_has_its_conversation_counted() -> None:
    counted = [line for line in lines(10_000) if is_counted_with([fact_of(line, NOW).id])]
    assert 10 <= len(counted) <= 90


async def test_a_commit_that_loads_all_facts_refuses_one_too_many_and_stores_nothing() -> None:
    class Full(MemoryConversations):
        async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
            loaded = await super().load(tenant_id, key, decisions=decisions)
            facts = [fact_of(line, NOW) for line in lines(MOST_FACTS - len(loaded.facts))]
            return Loaded(loaded.head, loaded.etag, [*loaded.facts, *facts])

    store = Full()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(at=format_time(NOW)))
    with pytest.raises(ConversationFull):
        await pipeline.record(started(at=format_time(NOW - timedelta(minutes=1)), event_id="another"))
    assert await store.count(*PLACE) == 1
