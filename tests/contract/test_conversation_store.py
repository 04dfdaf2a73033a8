"""What every ConversationStore promises about writing: facts once, commits whole, heads guarded by their ETags."""

import asyncio

import pytest

from shared.conversations.effect import with_effects
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.lists import Selection
from shared.conversations.ports import Beside, ConversationStore, FactExists, Head
from shared.conversations.turns import MOST_ITEMS
from shared.effects.reconcile import reconcile
from shared.errors import HeadChanged
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.wire import replace
from tests.builders import contoso, ended, escalated, fact_of, history, message, started

NOW = parse_time("2026-11-20T12:00:00Z")
TENANT, KEY = "contoso", "c1"
START, LINE, END = started(), message(), ended(at="2026-10-05T11:00:00Z")
ESCALATION = escalated(at="2026-10-05T10:30:00Z", context_variables={"BotHandoffTopic": "CreditCard", "Age": 18})


def fact(event: Event) -> Fact:
    return fact_of(event, NOW)


def head_of(*events: Event, revision: int = 1) -> Head:
    """The head that these events make, with everything still to be performed."""
    conversation = fold(TENANT, "c1", [fact(event) for event in events], history(contoso()))
    outbox = with_effects({}, reconcile(None, conversation, revision), revision, NOW)
    return Head(conversation=conversation, revision=revision, outbox=outbox, due_at=NOW)


def without_decisions(head: Head) -> Head:
    return head.with_decisions(())


async def etag_of(store: ConversationStore, tenant_id: str = TENANT, key: str = KEY) -> str:
    etag = (await store.load(tenant_id, key)).etag
    assert etag is not None
    return etag


async def test_what_was_never_written_is_not_there(conversations: ConversationStore) -> None:
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, loaded.etag, list(loaded.facts)) == (None, None, [])
    assert await conversations.read_head(TENANT, KEY) is None
    assert await conversations.read_fact(TENANT, KEY, fact(LINE).id) is None


async def test_an_appended_fact_is_there_and_makes_no_head(conversations: ConversationStore) -> None:
    # When a fact is appended
    await conversations.append(TENANT, KEY, [fact(LINE)])
    # Then it is there, and nothing else is
    assert await conversations.read_fact(TENANT, KEY, fact(LINE).id) == fact(LINE)
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, loaded.etag, list(loaded.facts)) == (None, None, [fact(LINE)])
    assert (await conversations.heads(TENANT, Selection(), None, 10)).heads == []


async def test_appending_the_same_identity_again_leaves_the_first(conversations: ConversationStore) -> None:
    # Given a fact, and another of its identity with other content
    first, second = fact(message(event_id="m1", text="first")), fact(message(event_id="m1", text="second"))
    await conversations.append(TENANT, KEY, [first])
    # When the other is appended, then it is refused, and the first is what is there
    with pytest.raises(FactExists):
        await conversations.append(TENANT, KEY, [second])
    assert list((await conversations.load(TENANT, KEY)).facts) == [first]


async def test_of_equal_facts_appended_at_once_one_is_created(conversations: ConversationStore) -> None:
    attempts = [conversations.append(TENANT, KEY, [fact(LINE)]) for _ in range(10)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FactExists"] * 9 + ["NoneType"]
    assert list((await conversations.load(TENANT, KEY)).facts) == [fact(LINE)]


async def test_a_commit_creates_fact_head_and_decisions(conversations: ConversationStore) -> None:
    # Given a conversation that was routed twice, closed, and has effects in its outbox
    head = head_of(START, ESCALATION, END)
    assert len(head.conversation.decisions) == 2
    assert head.outbox
    # When it is committed with its fact
    await conversations.commit(TENANT, KEY, [fact(END)], head, None)
    # Then all of it comes back equal
    loaded = await conversations.load(TENANT, KEY)
    assert loaded.head == head
    assert loaded.etag is not None
    assert list(loaded.facts) == [fact(END)]


async def test_several_facts_are_written_together_or_not_at_all(conversations: ConversationStore) -> None:
    # Given one stored fact
    await conversations.append(TENANT, KEY, [fact(LINE)])
    head = head_of(START, LINE, END)
    # When it comes again among others, to be appended or committed, then none of the others is there
    with pytest.raises(FactExists):
        await conversations.append(TENANT, KEY, [fact(START), fact(LINE)], [Beside("cursor", "{}")])
    with pytest.raises(FactExists):
        await conversations.commit(TENANT, KEY, [fact(START), fact(LINE), fact(END)], head, None)
    assert await conversations.count(TENANT, KEY) == 1
    assert await conversations.read_beside(TENANT, KEY, "cursor") is None
    assert await conversations.read_head(TENANT, KEY) is None
    # and when all of them are new, all are
    await conversations.commit(TENANT, KEY, [fact(START), fact(END)], head, None)
    assert await conversations.count(TENANT, KEY) == 3
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, {one.id for one in loaded.facts}) == (head, {fact(one).id for one in (START, LINE, END)})


async def test_as_many_facts_as_a_turn_has_fit_into_one_commit(conversations: ConversationStore) -> None:
    # Given the most facts that come at once, each with a decision of its own
    events: list[Event] = [escalated(at=f"2026-10-05T10:00:00.{n:03}Z", event_id=f"e{n}") for n in range(MOST_ITEMS)]
    head = head_of(*events)
    assert len(head.conversation.decisions) == MOST_ITEMS
    await conversations.commit(TENANT, KEY, [fact(event) for event in events], head, None)
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, len(loaded.facts)) == (head, MOST_ITEMS)


async def test_a_document_beside_facts_is_written_with_them(conversations: ConversationStore) -> None:
    # Given documents that are written beside an appended fact and beside a commit
    await conversations.append(TENANT, KEY, [fact(LINE)], [Beside("a", "1"), Beside("b", "1")])
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START, LINE), None, [Beside("a", "2")])
    # Then the newest of each name is there
    assert [await conversations.read_beside(TENANT, KEY, name) for name in "abc"] == ["2", "1", None]
    # and none of a commit that was refused
    with pytest.raises(HeadChanged):
        await conversations.commit(TENANT, KEY, [fact(END)], head_of(START, END), None, [Beside("a", "3")])
    assert await conversations.read_beside(TENANT, KEY, "a") == "2"


async def test_a_head_with_only_newer_decisions_keeps_the_older_ones(conversations: ConversationStore) -> None:
    # Given a head with more decisions than fit into it on any store, of which only the head was read
    events: list[Event] = [START, *(escalated(at=f"2026-10-05T10:00:{n:02}Z", event_id=f"e{n}") for n in range(30))]
    for number in range(1, len(events)):
        before = head_of(*events[:number], revision=number)
        whole = head_of(*events[: number + 1], revision=number + 1)
        if number == 1:
            await conversations.commit(TENANT, KEY, [fact(events[0])], before, None)
        found = await conversations.read_head(TENANT, KEY)
        assert found is not None
        assert (found[0].conversation.decisions, found[0].conversation.decision_count) == ((), number)
        # When the next decision is committed alone
        newest = replace(whole.conversation, decisions=whole.conversation.decisions[-1:])
        await conversations.commit(TENANT, KEY, [fact(events[number])], replace(whole, conversation=newest), found[1])
    # Then all are there, in order
    loaded = await conversations.load(TENANT, KEY)
    assert loaded.head == head_of(*events, revision=len(events))


async def test_a_head_that_is_read_alone_comes_without_its_decisions(conversations: ConversationStore) -> None:
    head = head_of(START, ESCALATION)
    await conversations.commit(TENANT, KEY, [fact(START)], head, None)
    assert await conversations.read_head(TENANT, KEY) == (without_decisions(head), await etag_of(conversations))


async def test_a_commit_may_bring_no_fact(conversations: ConversationStore) -> None:
    await conversations.append(TENANT, KEY, [fact(START)])
    await conversations.commit(TENANT, KEY, (), head_of(START), None)
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, list(loaded.facts)) == (head_of(START), [fact(START)])


async def test_a_later_commit_replaces_head_and_decisions(conversations: ConversationStore) -> None:
    # Given a conversation with two decisions
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START, ESCALATION), None)
    # When a later commit knows one decision only
    later = head_of(START, END, revision=2)
    await conversations.commit(TENANT, KEY, [fact(END)], later, await etag_of(conversations))
    # Then nothing of the former is left
    loaded = await conversations.load(TENANT, KEY)
    assert loaded.head == later
    assert {one.id for one in loaded.facts} == {fact(START).id, fact(END).id}


async def test_a_conflict_on_the_fact_leaves_the_head(conversations: ConversationStore) -> None:
    # Given a committed conversation
    before = head_of(START, ESCALATION)
    await conversations.commit(TENANT, KEY, [fact(START)], before, None)
    etag = await etag_of(conversations)
    # When a commit brings a fact that is there
    with pytest.raises(FactExists):
        await conversations.commit(TENANT, KEY, [fact(START)], head_of(START, END, revision=2), etag)
    # Then head, decisions and ETag are as they were
    loaded = await conversations.load(TENANT, KEY)
    assert (loaded.head, loaded.etag) == (before, etag)


async def test_a_conflict_on_the_fact_creates_no_head(conversations: ConversationStore) -> None:
    await conversations.append(TENANT, KEY, [fact(START)])
    with pytest.raises(FactExists):
        await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    assert (await conversations.load(TENANT, KEY)).head is None


async def test_a_conflict_on_the_head_leaves_no_fact(conversations: ConversationStore) -> None:
    # Given a head that was replaced since it was read
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    stale = await etag_of(conversations)
    current = head_of(START, ESCALATION, revision=2)
    await conversations.commit(TENANT, KEY, [fact(ESCALATION)], current, stale)
    # When a commit comes with the old ETag, or for a conversation without a head
    for etag in (stale, None):
        with pytest.raises(HeadChanged):
            await conversations.commit(TENANT, KEY, [fact(END)], head_of(START, END, revision=2), etag)
    # Then its fact is not there, and the head and its decisions are the current ones
    loaded = await conversations.load(TENANT, KEY)
    assert await conversations.read_fact(TENANT, KEY, fact(END).id) is None
    assert loaded.head == current
    assert {one.id for one in loaded.facts} == {fact(START).id, fact(ESCALATION).id}


async def test_a_head_that_is_not_there_cannot_be_replaced(conversations: ConversationStore) -> None:
    # Given the ETag of another conversation
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    etag = await etag_of(conversations)
    # When a conversation without a head is committed or saved with it, then nothing is written
    with pytest.raises(HeadChanged):
        await conversations.commit(TENANT, "c2", [fact(END)], head_of(START, END), etag)
    with pytest.raises(HeadChanged):
        await conversations.save_head(TENANT, "c2", head_of(START, END), etag)
    loaded = await conversations.load(TENANT, "c2")
    assert (loaded.head, list(loaded.facts)) == (None, [])


async def test_of_commits_at_once_with_one_etag_one_wins(conversations: ConversationStore) -> None:
    # Given a head
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    etag = await etag_of(conversations)
    # When ten handlers commit what they made of it, at once
    lines = [message(event_id=f"m{n}") for n in range(10)]
    attempts = [
        conversations.commit(TENANT, KEY, [fact(line)], head_of(START, line, revision=2 + n), etag)
        for n, line in enumerate(lines)
    ]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    # Then one of them is there, and no fact of the others
    ((winner, etag),) = ((n, one[1]) for n, one in enumerate(outcomes) if not isinstance(one, BaseException))
    assert all(isinstance(one, HeadChanged) for one in outcomes if isinstance(one, BaseException))
    loaded = await conversations.load(TENANT, KEY)
    assert loaded.etag == etag
    assert loaded.head is not None
    assert loaded.head.revision == 2 + winner
    assert {one.id for one in loaded.facts} == {fact(START).id, fact(lines[winner]).id}


async def test_each_write_of_the_head_changes_its_etag_and_an_append_does_not(conversations: ConversationStore) -> None:
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    seen = [await etag_of(conversations)]
    await conversations.append(TENANT, KEY, [fact(LINE)])
    assert await etag_of(conversations) == seen[0]
    await conversations.commit(TENANT, KEY, [fact(END)], head_of(START, END, revision=2), seen[-1])
    seen.append(await etag_of(conversations))
    await conversations.save_head(TENANT, KEY, head_of(START, END, revision=2), seen[-1])
    seen.append(await etag_of(conversations))
    assert len(set(seen)) == 3


async def test_a_saved_head_leaves_facts_and_decisions_as_they_are(conversations: ConversationStore) -> None:
    # Given a committed conversation with an outbox
    head = head_of(START, ESCALATION)
    await conversations.commit(TENANT, KEY, [fact(START)], head, None)
    # When its outbox is cleared
    cleared = head.without(head.outbox)
    assert not cleared.outbox
    await conversations.save_head(TENANT, KEY, without_decisions(cleared), await etag_of(conversations))
    # Then the head is the cleared one, with its decisions
    loaded = await conversations.load(TENANT, KEY)
    assert loaded.head == cleared
    assert list(loaded.facts) == [fact(START)]


async def test_a_head_is_not_saved_with_an_old_etag(conversations: ConversationStore) -> None:
    head = head_of(START, ESCALATION)
    await conversations.commit(TENANT, KEY, [fact(START)], head, None)
    stale = await etag_of(conversations)
    await conversations.save_head(TENANT, KEY, head, stale)
    with pytest.raises(HeadChanged):
        await conversations.save_head(TENANT, KEY, head.without(head.outbox), stale)
    assert (await conversations.load(TENANT, KEY)).head == head


async def test_facts_are_counted_and_nothing_else(conversations: ConversationStore) -> None:
    # Given nothing, then no fact
    assert await conversations.count(TENANT, KEY) == 0
    # Given facts with and without a head, a decision, and a document beside them
    await conversations.append(TENANT, KEY, [fact(LINE)])
    assert await conversations.count(TENANT, KEY) == 1
    beside = [Beside("pages", "{}")]
    await conversations.commit(TENANT, KEY, [fact(START), fact(ESCALATION)], head_of(START, ESCALATION), None, beside)
    await conversations.append(TENANT, "c2", [fact(message("c2"))])
    # Then the facts of this conversation are counted
    assert await conversations.count(TENANT, KEY) == 3


async def test_a_deleted_conversation_is_gone_and_others_stay(conversations: ConversationStore) -> None:
    # Given two conversations of one tenant, and one of the same key of another
    head = head_of(START, LINE)
    for tenant_id, key in ((TENANT, KEY), (TENANT, "c2"), ("fabrikam", KEY)):
        await conversations.commit(tenant_id, key, [fact(START)], head, None)
    # When one of them is deleted
    await conversations.delete(TENANT, KEY, await etag_of(conversations))
    # Then its head is gone, from the lists too, and the others are there
    assert (await conversations.load(TENANT, KEY)).head is None
    assert await conversations.read_head(TENANT, KEY) is None
    assert list(await conversations.due(TENANT, NOW, 10)) == ["c2"]
    assert len((await conversations.heads(TENANT, Selection(), None, 10)).heads) == 1
    assert (await conversations.load("fabrikam", KEY)).head is not None


async def test_a_head_that_changed_is_not_deleted(conversations: ConversationStore) -> None:
    # Given a head, and an ETag from before its last change
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    outdated = await etag_of(conversations)
    await conversations.commit(TENANT, KEY, [fact(END)], head_of(START, END, revision=2), outdated)
    # When it is to be deleted, then it stays
    with pytest.raises(HeadChanged):
        await conversations.delete(TENANT, KEY, outdated)
    assert (await conversations.load(TENANT, KEY)).head is not None


async def test_deleting_twice_is_deleting_once(conversations: ConversationStore) -> None:
    await conversations.commit(TENANT, KEY, [fact(START)], head_of(START), None)
    etag = await etag_of(conversations)
    await conversations.delete(TENANT, KEY, etag)
    await conversations.delete(TENANT, KEY, etag)
    assert (await conversations.load(TENANT, KEY)).head is None
