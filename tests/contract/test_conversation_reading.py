"""What every ConversationStore promises about reading: nothing lost, pages in order, what is due, tenants apart."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contributions.row import Row, Total
from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, PendingEffect
from shared.conversations.lists import Selection
from shared.conversations.ports import ConversationStore, Head
from shared.conversations.state import State
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.events.conversation_key import conversation_key
from shared.events.envelope import parse_time
from shared.wire import replace
from tests.builders import document, ended, fact_of, json_values, message, started

NOW = parse_time("2026-11-20T12:00:00Z")
TENANT = "contoso"


def head(
    conversation_id: str,
    state: State = "open",
    queue: str | None = None,
    bot: str | None = None,
    due_at: datetime | None = None,
    customer: str | None = None,
) -> Head:
    conversation = Conversation(
        tenant_id=TENANT,
        conversation_id=conversation_id,
        key=conversation_key(conversation_id),
        state=state,
        queue=queue,
        bot=bot,
    )
    return Head(conversation=conversation, revision=1, outbox={}, due_at=due_at, customer=customer)


async def stored(store: ConversationStore, *heads: Head, tenant_id: str = TENANT) -> None:
    for one in heads:
        await store.commit(tenant_id, one.conversation.key, (), one, None)


async def pages(store: ConversationStore, selection: Selection, limit: int) -> list[list[str]]:
    """The ids of every page, from the first to the one without a continuation."""
    found, after = [], None
    for _ in range(100):
        page = await store.heads(TENANT, selection, after, limit)
        found.append([one.conversation.conversation_id for one in page.heads])
        after = page.continuation
        if after is None:
            return found
    raise AssertionError("the pages do not end")


AWKWARD = [
    document("message.posted", {"author": {"role": "bot", "id": "b"}}, at="2026-10-05T12:00:00.1234567+02:00"),
    document(
        "message.posted", {"author": {"role": "bot", "id": "b"}, "text": "👩‍👩‍👧 ✓ \x00 \u2028 \\u0000 \U0010ffff"}
    ),
    document("message.posted", {"author": {"role": "bot", "id": "b", "x": 1}, "y": {"z": [None, 1e300]}}) | {"w": "v"},
    document("message.posted", {"author": {"role": "bot", "id": "b"}, "sequence": 10**30, "big": -(10**100)}),
    document("conversation.ended", {"endedBy": "bot", "reason": "other", "note": ""}, at="2026-10-05t10:00:00z"),
]


@pytest.mark.parametrize("written", AWKWARD)
async def test_a_fact_comes_back_as_it_was_sent(conversations: ConversationStore, written: dict[str, object]) -> None:
    # Given a fact whose event is unusual but right
    sent = fact_of(event_from(written), NOW)
    await conversations.append(TENANT, "c1", [sent])
    # Then it comes back equal, down to the sender's own text
    loaded = (await conversations.load(TENANT, "c1")).facts[0]
    assert loaded == sent
    assert loaded.event.to_json() == sent.event.to_json()
    assert (loaded.id, loaded.order, loaded.content) == (sent.id, sent.order, sent.content)


TENANTS = (f"tenant-{n}" for n in count())


@given(text=st.text(), extra=st.dictionaries(st.text(min_size=1).map("x{}".format), json_values(), max_size=3))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_said_comes_back_equal(
    conversations: ConversationStore, text: str, extra: dict[str, object]
) -> None:
    # Given a line of any text, with any members that we do not know, in a tenant of its own
    tenant_id = next(TENANTS)
    said = {"author": {"role": "customer", "id": "u"}, "text": text, **extra}
    sent = fact_of(event_from(document("message.posted", said)), NOW)
    await conversations.append(tenant_id, "c1", [sent])
    # Then it comes back equal
    assert await conversations.read_fact(tenant_id, "c1", sent.id) == sent


async def test_heads_come_in_pages_in_order_of_key(conversations: ConversationStore) -> None:
    # Given seven conversations, some with ids that are no keys
    ids = ["b", "a|1", "C", "a", "10", "9", "a/2"]
    await stored(conversations, *(head(one) for one in ids))
    # Then pages of any size hold each of them once, in order of key
    ordered = sorted(ids, key=conversation_key)
    for limit in range(1, 9):
        found = await pages(conversations, Selection(), limit)
        assert [one for page in found for one in page] == ordered
        assert all(len(page) == limit for page in found[:-1])
        assert found[-1]


async def test_heads_come_without_their_decisions_and_equal_otherwise(conversations: ConversationStore) -> None:
    known = [head("a", "active", "Q", "b"), head("b", due_at=NOW)]
    await stored(conversations, *known)
    assert list((await conversations.heads(TENANT, Selection(), None, 10)).heads) == known


async def test_no_conversations_are_one_empty_page(conversations: ConversationStore) -> None:
    page = await conversations.heads(TENANT, Selection(), None, 10)
    assert (list(page.heads), page.continuation) == ([], None)


async def test_a_customers_conversations_come_by_key(conversations: ConversationStore) -> None:
    await stored(conversations, head("b", customer="k1"), head("a", customer="k1"), head("c", customer="k2"), head("d"))
    for limit in (1, 2, 10):
        found = await pages(conversations, Selection({"customer": "k1"}), limit)
        assert [one for page in found for one in page] == ["a", "b"]
    assert await pages(conversations, Selection({"customer": "k3"}), 10) == [[]]


async def test_what_is_due_comes_oldest_first(conversations: ConversationStore) -> None:
    # Given heads to be looked at, at times that differ by microseconds and are written in any order
    step = timedelta(microseconds=1)
    times = {"late": NOW + step, "now": NOW, "before": NOW - step, "old": NOW - timedelta(days=40)}
    await stored(conversations, *(head(name, due_at=at) for name, at in times.items()), head("never"))
    # Then those at or before a time are due, oldest first, as many as asked for
    assert list(await conversations.due(TENANT, NOW, 10)) == ["old", "before", "now"]
    assert list(await conversations.due(TENANT, NOW, 2)) == ["old", "before"]
    assert list(await conversations.due(TENANT, NOW + step, 10)) == ["old", "before", "now", "late"]
    assert list(await conversations.due(TENANT, NOW - timedelta(days=41), 10)) == []


async def test_the_keys_of_everything_with_a_fact_come_in_pages(conversations: ConversationStore) -> None:
    # Given conversations, one of which has a fact and no head yet, and another tenant's
    for name in ("c3", "c1", "c2"):
        await conversations.append(TENANT, name, [fact_of(message(name), NOW)])
    await conversations.append("fabrikam", "c4", [fact_of(message("c4"), NOW)])
    # Then all of the tenant's are there, in order
    assert list(await conversations.keys(TENANT, None, 2)) == ["c1", "c2"]
    assert list(await conversations.keys(TENANT, "c2", 2)) == ["c3"]
    assert list(await conversations.keys(TENANT, "c3", 2)) == []


async def test_what_is_due_says_since_when(conversations: ConversationStore) -> None:
    await stored(conversations, head("c1", due_at=NOW), head("c2", due_at=NOW - timedelta(microseconds=1)))
    assert await conversations.due(TENANT, NOW, 10) == {"c1": NOW, "c2": NOW - timedelta(microseconds=1)}


async def test_times_and_types_of_facts_come_first_to_last(conversations: ConversationStore) -> None:
    # Given facts that are stored in any order, two of one time
    events: list[Event] = [
        message(at="2026-10-05T10:00:01.5Z", event_id="later"),
        started(at="2026-10-05T10:00:00Z"),
        message(at="2026-10-05T12:00:01+02:00", event_id="same"),
        message(at="2026-10-05T10:00:01Z", event_id="time"),
        ended(at="2026-10-05T10:00:02Z"),
    ]
    facts = {fact.id: fact for fact in (fact_of(event, NOW) for event in events)}
    for one in facts.values():
        await conversations.append(TENANT, "c1", [one])
    # Then their times and types are known in order, without the facts
    found = list(await conversations.fact_times(TENANT, "c1"))
    assert found == sorted((one.at, one.id, one.event.type) for one in facts.values())
    assert list(await conversations.fact_times(TENANT, "c2")) == []
    # and some can be read by their ids; one that is not there is left out
    some = [found[3].fact_id, found[1].fact_id]
    read = await conversations.read_facts(TENANT, "c1", [*some, "unknown"])
    assert {one.id: one for one in read} == {fact_id: facts[fact_id] for fact_id in some}
    assert list(await conversations.read_facts("fabrikam", "c1", some)) == []


async def test_what_was_seen_to_is_no_longer_due(conversations: ConversationStore) -> None:
    await stored(conversations, head("c1", due_at=NOW))
    assert list(await conversations.due(TENANT, NOW, 10)) == ["c1"]
    etag = (await conversations.load(TENANT, "c1")).etag
    assert etag is not None
    await conversations.save_head(TENANT, "c1", head("c1"), etag)
    assert list(await conversations.due(TENANT, NOW, 10)) == []


async def test_heads_with_a_row_to_be_posted_are_found_by_its_month(conversations: ConversationStore) -> None:
    # Given heads with rows of some months to be posted, a parked one among them, and one with nothing left
    def owing(name: str, *months: str, parked: bool = False) -> Head:
        outbox = {
            month: PendingEffect(
                effect=Contribute(
                    kind="contribute",
                    total=Total(kind="session", policy="p", period=month),
                    row=Row(key=name, revision=1, standing="counted", content="{}"),
                ),
                revision=1,
                next_at=None if parked else NOW + timedelta(hours=4),
            )
            for month in months
        }
        return replace(head(name), outbox=outbox)

    await stored(
        conversations, owing("c1", "2026-11", "2026-09"), owing("c2", "2026-10", parked=True), owing("c3", "2026-12"),
        head("c4"),
    )  # fmt: skip
    await stored(conversations, owing("c5", "2026-08"), tenant_id="fabrikam")
    # Then those of a month and of earlier ones are found, whatever their pause, as many as asked for
    assert sorted(await conversations.unposted(TENANT, "2026-10", 10)) == ["c1", "c2"]
    assert sorted(await conversations.unposted(TENANT, "2026-12", 10)) == ["c1", "c2", "c3"]
    assert list(await conversations.unposted(TENANT, "2026-08", 10)) == []
    assert len(await conversations.unposted(TENANT, "2026-12", 2)) == 2
    assert list(await conversations.unposted(TENANT, "2026-12", 3)) == ["c1", "c2", "c3"]
    assert list(await conversations.unposted(TENANT, "2026-12", 1)) == ["c1"]
    # and one whose row is posted is found no more
    await conversations.save_head(TENANT, "c2", head("c2"), (await conversations.load(TENANT, "c2")).etag or "")
    assert sorted(await conversations.unposted(TENANT, "2026-10", 10)) == ["c1"]


async def test_tenants_never_see_each_others_conversations(conversations: ConversationStore) -> None:
    # Given two tenants with a conversation of one name
    ours, theirs = head("c1", "active", "Q", due_at=NOW), head("c1", "closed", "Q")
    line = fact_of(message(), NOW)
    await conversations.commit(TENANT, "c1", [line], ours, None)
    # When the other's is written, then neither is in the other's way, and each reads its own
    assert (await conversations.load("fabrikam", "c1")).head is None
    assert await conversations.read_fact("fabrikam", "c1", line.id) is None
    await conversations.commit("fabrikam", "c1", [line], theirs, None)
    assert (await conversations.load(TENANT, "c1")).head == ours
    assert (await conversations.load("fabrikam", "c1")).head == theirs
    assert list((await conversations.heads(TENANT, Selection({"queue": "Q"}, sort="started"), None, 10)).heads) == [
        ours
    ]
    assert list(await conversations.due(TENANT, NOW, 10)) == ["c1"]
    assert list(await conversations.due("fabrikam", NOW, 10)) == []
