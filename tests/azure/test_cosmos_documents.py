"""What lies in Cosmos: lifetimes, guards, and conversations that are larger than one request."""

import asyncio
from datetime import timedelta

import pytest

from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.containers import CONTAINERS, CONVERSATIONS, LEDGER
from shared.azure.cosmos.conversation_documents import loaded_from
from shared.conversations.bot_activity import BotActivity
from shared.conversations.documents import write_head
from shared.conversations.fold import fold
from shared.conversations.ports import Head
from shared.errors import DayClosed, DocumentTooLarge, HeadChanged
from shared.events.catalog import Event
from shared.events.data import ChannelReference, Customer
from shared.strict_json import canonical_json
from shared.threads.thread import Thread, ThreadedConversation
from shared.usage.ledger import Exclusion, LedgerRow
from tests.azure.databases import Stores, connected
from tests.azure.faults import InterruptedTransport
from tests.builders import contoso, escalated, fact_of, history, message, started
from tests.conversations.pipelines import NOW

TENANT, KEY = "contoso", "c1"
OCTOBER = (TENANT, "bot-session-2020:2026-10")
A_YEAR_AND_A_MONTH = (365 + 31) * 24 * 60 * 60


def head_of(*events: Event, revision: int = 1) -> Head:
    conversation = fold(TENANT, "c1", [fact_of(event, NOW) for event in events], history(contoso()))
    return Head(conversation=conversation, revision=revision, outbox={})


def row(revision: int = 1, day: str = "2026-10-05", excluded: Exclusion | None = "no_bot", key: str = KEY) -> LedgerRow:
    return LedgerRow(
        policy="bot-session-2020/1",
        month=day[:7],
        day=day,
        conversation_id=key,
        key=key,
        revision=revision,
        excluded=excluded,
        started_at=None,
        proof=None,
        bots=() if excluded else ("b",),
        account=None,
        channel=None,
        work_stream=None,
        escalated=False,
        activity=BotActivity(),
    )


async def test_the_containers_are_made_as_they_are_defined(database: str) -> None:
    async with connected(database) as cosmos:
        made = {each.id: await (await cosmos.container(each.id)).read() for each in CONTAINERS}
    for definition in CONTAINERS:
        properties = made[definition.id]
        assert properties["partitionKey"]["paths"] == list(definition.partition_key)
        assert properties.get("defaultTtl") == definition.default_ttl
        assert properties["indexingPolicy"]["includedPaths"] == [{"path": path} for path in definition.indexed]
        assert {"path": "/*"} in properties["indexingPolicy"]["excludedPaths"]


async def test_conversations_expire_a_month_after_the_retention_and_of_the_ledger_only_tombstones(
    database: str,
) -> None:
    # Given a conversation with a decision, its row, and the row that another one left behind
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        head = head_of(started())
        await stores.conversations().commit(TENANT, KEY, [fact_of(started(), NOW)], head, None)
        await stores.ledger().post(TENANT, row())
        await stores.ledger().post(TENANT, row(revision=2, excluded="moved", key="c2"))
        # When their documents are looked at
        query = "SELECT * FROM c"
        documents = await stores.container(CONVERSATIONS).query("look", (TENANT, KEY), query)
        books = await stores.container(LEDGER).query("look", OCTOBER, query)
    # Then those of the conversation have a lifetime, and of the ledger's the tombstone, a week
    assert sorted(document["id"].partition(":")[0] for document in documents) == ["decision", "fact", "head"]
    assert {document["ttl"] for document in documents if not document["id"].startswith("fact:")} == {A_YEAR_AND_A_MONTH}
    assert len(books) == 34
    assert {document["id"]: document["ttl"] for document in books if "ttl" in document} == {
        "session:c2": 7 * 24 * 60 * 60
    }


@pytest.mark.parametrize(
    "late",
    [
        row(key="c2"),
        row(revision=2, excluded=None),
        row(revision=2).model_copy(update={"escalated": True}),
        row(revision=2, day="2026-10-06"),
    ],
)
async def test_a_closed_day_takes_nothing_and_gives_nothing(database: str, late: LedgerRow) -> None:
    # Given a row under a day that was closed since
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        ledger = stores.ledger()
        await ledger.post(TENANT, row())
        close = [{"op": "set", "path": "/status", "value": "closed"}]
        await stores.container(LEDGER).patch("close", OCTOBER, "day:2026-10-05", close)
        before = await ledger.books(TENANT, "2026-10"), await ledger.rows(TENANT, "2026-10", None, None, 10)
        # When another row is posted there, or that one is changed or moved to an open day
        with pytest.raises(DayClosed) as refused:
            await ledger.post(TENANT, late)
        # Then nothing of it is there; posting again what is there is no change
        assert refused.value.day == "2026-10-05"
        after = await ledger.books(TENANT, "2026-10"), await ledger.rows(TENANT, "2026-10", None, None, 10)
        assert after == before
        await ledger.post(TENANT, row())


async def head_document(cosmos: Cosmos) -> str:
    """The stored document of the head, without what Cosmos DB adds."""
    document = await Stores(cosmos).container(CONVERSATIONS).read("look", (TENANT, KEY), "head")
    assert document is not None
    return canonical_json({name: value for name, value in document.items() if not name.startswith("_")})


async def test_more_decisions_than_one_batch_holds_are_all_there(database: str) -> None:
    # Given a conversation that its bots escalated 250 times
    second = timedelta(seconds=1)
    events = [escalated(at=(NOW - n * second).isoformat(), event_id=f"e{n}") for n in range(250)]
    head = head_of(started(at=(NOW - timedelta(hours=1)).isoformat()), *events)
    assert len(head.conversation.decisions) > 200
    async with connected(database) as cosmos:
        store = Stores(cosmos).conversations()
        # When it is committed, and again with one of them
        await store.commit(TENANT, KEY, (), head, None)
        loaded = await store.load(TENANT, KEY)
        assert loaded.head == head
        large = await head_document(cosmos)
        await store.commit(TENANT, KEY, (), head_of(started(), events[0], revision=2), loaded.etag)
        # Then what is there is what was committed last
        assert (await store.load(TENANT, KEY)).head == head_of(started(), events[0], revision=2)
        # and of one that comes late, earlier than all others, one document is written, and no other one is left
        again = (await store.load(TENANT, KEY)).etag
        await store.commit(TENANT, KEY, (), head.at_revision(3, NOW), again)
        late = escalated(at=(NOW - timedelta(minutes=30)).isoformat(), event_id="late")
        whole = head_of(started(at=(NOW - timedelta(hours=1)).isoformat()), late, *events, revision=4)
        await store.commit(TENANT, KEY, (), whole, (await store.load(TENANT, KEY)).etag)
        assert (await store.load(TENANT, KEY)).head == whole
        query = "SELECT VALUE c.id FROM c WHERE STARTSWITH(c.id, 'decision:')"
        stored = await Stores(cosmos).container(CONVERSATIONS).query("look", (TENANT, KEY), query)
        assert len(stored) == len(whole.conversation.decisions)
        # and the document of the head with so many decisions was no larger than that with two
        assert len(large) <= len(await head_document(cosmos))


@pytest.mark.parametrize("after", [1, 2, 3, 4])
async def test_a_conversation_that_takes_several_answers_is_loaded_as_of_one_moment(database: str, after: int) -> None:
    # Given more facts than one answer brings, and a head with two decisions
    facts = [fact_of(message(event_id=f"m{n}"), NOW) for n in range(1100)]
    before, later = head_of(started(), escalated()), head_of(started(), revision=2)
    last = fact_of(message(event_id="last"), NOW)
    async with connected(database) as other:
        store = Stores(other).conversations()
        await store.commit(TENANT, KEY, [fact_of(started(), NOW)], before, None)
        for start in range(0, len(facts), 100):
            await asyncio.gather(*(store.append(TENANT, KEY, [fact]) for fact in facts[start : start + 100]))
        etag = (await store.load(TENANT, KEY)).etag

        async def commit() -> None:
            await store.commit(TENANT, KEY, [last], later, etag)

        # When it is loaded, and meanwhile another fact is committed, which takes one decision away
        async with connected(database, InterruptedTransport(after, commit)) as cosmos:
            loaded = await Stores(cosmos).conversations().load(TENANT, KEY)
        # Then no head is taken for what fewer facts make it
        assert loaded.head in (before, later)
        assert {fact.id for fact in loaded.facts} >= {fact.id for fact in facts}
        assert loaded.head == before or last in loaded.facts
        assert (loaded.etag == etag) == (loaded.head == before)


def test_documents_that_are_not_of_one_moment_are_no_conversation() -> None:
    # Given a head that lists a decision which is not there any more
    head = {"id": "head", "decisions": ["decision:1"], "document": write_head(head_of(started())), "_etag": "1"}
    with pytest.raises(HeadChanged):
        loaded_from([head])


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's, of everything above 1 MB
async def test_what_outgrows_a_document_is_refused_with_a_reason(database: str) -> None:
    # Given a thread of more than 2 MB
    channel = ChannelReference(account_id="a", channel_id="c", thread_id="t")
    one = ThreadedConversation(conversation_id="c" * 200, opened_at=NOW, customer=Customer(id="x" * 200))
    thread = Thread(key="k", channel=channel, conversations=(one,) * 5000)
    async with connected(database) as cosmos:
        with pytest.raises(DocumentTooLarge):
            await Stores(cosmos).threads().save(TENANT, "k", thread, None)


@pytest.mark.parametrize("asked", ["", "a/b", "a?b#c", "\\", "x" * 3000, "👋" * 400])
async def test_what_can_be_no_document_is_not_there(database: str, asked: str) -> None:
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        assert await stores.parked().get(TENANT, asked) is None
        assert (await stores.conversations().load(TENANT, asked)).head is None
        assert await stores.configurations().history(asked) is None
