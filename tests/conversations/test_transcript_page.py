"""Pages of a transcript: one after the other they are the transcript, and each reads only what it needs."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.contents import Contents
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.ports import FactTime
from shared.conversations.transcript import Audience, TranscriptEntry, transcript
from shared.conversations.transcript_page import TranscriptReader
from shared.errors import InvalidRequest
from shared.events.catalog import Event
from shared.events.envelope import format_time, parse_time
from shared.events.pseudonym import Pseudonyms
from tests.builders import PSEUDONYMS, changed, contoso, ended, escalated, fact_of, history, message, started
from tests.fakes import MemoryConversations, MemoryOverflow

NOW = parse_time("2026-11-20T12:00:00Z")
TEN = parse_time("2026-10-05T10:00:00Z")
AUDIENCES: tuple[Audience, ...] = ("agent", "customer")


class Watched(MemoryConversations):
    """Counts the facts that are read."""

    read = 0

    async def read_facts(self, tenant_id: str, key: str, fact_ids: Sequence[str]) -> Sequence[Fact]:
        self.read += len(fact_ids)
        return await super().read_facts(tenant_id, key, fact_ids)


async def holding(*events: Event) -> Watched:
    store = Watched()
    for event in events:
        await store.append("contoso", "c1", [fact_of(event, NOW)])
    return store


def reader(store: MemoryConversations) -> TranscriptReader:
    async def pseudonyms(_: str) -> Pseudonyms:
        return PSEUDONYMS

    return TranscriptReader(store, Contents(MemoryOverflow()), pseudonyms)


async def folded(store: MemoryConversations) -> Conversation:
    facts = (await MemoryConversations.load(store, "contoso", "c1")).facts
    return fold("contoso", "c1", facts, history(contoso()))


async def pages(store: MemoryConversations, audience: Audience, limit: int) -> list[list[TranscriptEntry]]:
    """All pages, first to last."""
    found: list[list[TranscriptEntry]] = []
    after = None
    for _ in range(200):
        page = await reader(store).page("contoso", await folded(store), audience, after, limit)
        found.append([*page.entries])
        after = page.continuation
        if after is None:
            return found
    raise AssertionError("the pages do not end")


def at(seconds: float) -> str:
    return format_time(TEN + timedelta(seconds=seconds))


SECONDS = st.sampled_from([0, 1, 1.5, 2, 3]).map(at)
TEXTS = st.sampled_from(["Hello", "yes", "no"])
VISIBILITY = st.sampled_from(["public", "private"])
NAMES = ["message.posted-0", "message.posted-2"]
ROLES = st.sampled_from(["customer", "bot"])
HISTORY = st.lists(
    st.fixed_dictionaries(
        {
            "author": st.fixed_dictionaries({"role": ROLES, "id": st.just("x")}),
            "text": TEXTS,
            "visibility": VISIBILITY,
        },
        optional={"time": SECONDS, "id": st.sampled_from(NAMES)},
    ),
    max_size=4,
)
LINES = st.builds(message, at=SECONDS, text=TEXTS, visibility=VISIBILITY, role=ROLES, author_id=st.just("x"))
EVENTS = st.one_of(
    LINES,
    st.builds(changed, st.sampled_from(NAMES), at=SECONDS, text=TEXTS),
    st.builds(changed, st.sampled_from(NAMES), at=SECONDS, removed=st.just(True)),
    st.builds(started, at=SECONDS),
    st.builds(ended, at=SECONDS),
    st.builds(escalated, at=SECONDS, transcript=HISTORY, summary=st.none() | st.just("summary")),
)


@given(st.lists(EVENTS, max_size=10), st.sampled_from(AUDIENCES), st.integers(1, 4))
async def test_all_pages_together_are_the_transcript(said: list[Event], audience: Audience, limit: int) -> None:
    # Given any facts, many of one time, with histories that tell again what was said
    named = [event.model_copy(update={"id": f"{event.type}-{n}"}) for n, event in enumerate(said)]
    store = await holding(*named)
    # When the transcript is read page by page
    found = await pages(store, audience, limit)
    # Then the pages are the whole, and none is longer than it may be
    assert [entry for page in found for entry in page] == transcript([fact_of(one, NOW) for one in named], audience)
    assert all(len(page) <= limit for page in found)


async def test_a_page_of_a_long_conversation_reads_the_facts_of_its_lines() -> None:
    # Given a long conversation, which was escalated without a history
    lines = [message(at=at(n), event_id=f"m{n}", text=str(n)) for n in range(1000)]
    store = await holding(started(at=at(0)), *lines, escalated(at=at(500)), ended(at=at(990)))
    # When a page in the middle is read
    place = (await reader(store).page("contoso", await folded(store), "customer", None, 400)).continuation
    store.read = 0
    page = await reader(store).page("contoso", await folded(store), "customer", place, 20)
    # Then it has the next lines, and hardly any others were read
    assert [entry.text for entry in page.entries] == [str(n) for n in range(400, 420)]
    assert store.read < 30


async def test_lines_after_the_end_are_late_on_every_page() -> None:
    lines = [message(at=at(n), event_id=f"m{n}") for n in range(6)]
    store = await holding(started(at=at(0)), *lines, ended(at=at(2.5)), ended(at=at(4), event_id="again"))
    found = await pages(store, "customer", 2)
    assert [entry.late for page in found for entry in page] == [False, False, False, True, True, True]


async def test_many_facts_of_one_time_are_cut_into_pages() -> None:
    # Given as many lines of one time as several pages have, and an end of the same time
    lines = [message(at=at(0), event_id=f"m{n}", text=str(n), sequence=n) for n in range(25)]
    store = await holding(started(at=at(0)), *lines, ended(at=at(0)))
    found = await pages(store, "customer", 10)
    assert [entry.text for page in found for entry in page] == [str(n) for n in range(25)]
    assert [len(page) for page in found] == [10, 10, 5]


async def test_a_line_that_comes_between_two_pages_moves_none_of_the_later_ones() -> None:
    # Given the first page of a conversation
    lines = [message(at=at(n), event_id=f"m{n}", text=str(n)) for n in range(6)]
    store = await holding(started(at=at(0)), *lines)
    first = await reader(store).page("contoso", await folded(store), "customer", None, 3)
    # When an old line arrives, and a new one
    for event in (message(at=at(0.5), event_id="old"), message(at=at(9), event_id="new", text="new")):
        await store.append("contoso", "c1", [fact_of(event, NOW)])
    # Then the next page goes on where the first ended, with the new one
    page = await reader(store).page("contoso", await folded(store), "customer", first.continuation, 9)
    assert [entry.text for entry in page.entries] == ["3", "4", "5", "new"]


async def test_a_fact_that_is_deleted_meanwhile_is_left_out() -> None:
    class Deleting(MemoryConversations):
        async def fact_times(self, tenant_id: str, key: str) -> Sequence[FactTime]:
            return [*await super().fact_times(tenant_id, key), FactTime(TEN, "gone", "conversation.ended")]

    page = await reader(Deleting()).page("contoso", await folded(Deleting()), "agent", None, 10)
    assert (page.entries, page.continuation) == ([], None)


@pytest.mark.parametrize("continuation", ["", "1", "~", "a~1", "1~a", "9" * 40 + "~1"])
async def test_a_continuation_that_no_page_had_is_refused(continuation: str) -> None:
    with pytest.raises(InvalidRequest):
        await reader(await holding()).page("contoso", await folded(await holding()), "agent", continuation, 10)
