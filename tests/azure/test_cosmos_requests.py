"""What the adapters ask of Cosmos: each request reported once, reads with tokens of writes, retries with an end."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport, HttpRequest

from shared.azure.cosmos.charge import Charge
from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.containers import CONFIGURATIONS
from shared.azure.cosmos.keys import SCHEMA
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.lists import Selection
from shared.conversations.ports import FactExists, Head
from shared.errors import HeadChanged, StoreUnavailable
from shared.events.catalog import Event
from shared.schema import SCHEMA_VERSION
from tests.azure.databases import ENDPOINT, KEY, Stores, connected
from tests.azure.endpoints import endpoint
from tests.azure.faults import AfterCommit, Answer, Request, WatchedTransport, every, only
from tests.azure.recording import configured, deliver, on_cosmos
from tests.builders import contoso, ended, escalated, fact_of, history, message, started
from tests.conversations.pipelines import NOW

TENANT, KEY_OF_C1 = "contoso", "c1"
START, LINE = started(), message()


def fact(event: Event) -> Fact:
    return fact_of(event, NOW)


def head_of(*events: Event, revision: int = 1) -> Head:
    conversation = fold(TENANT, "c1", [fact(event) for event in events], history(contoso()))
    return Head(conversation=conversation, revision=revision, outbox={})


async def test_every_request_is_reported_once_with_its_charge(database: str) -> None:
    # Given adapters whose requests are counted, and a transport that counts them too
    transport, charges = WatchedTransport(), list[Charge]()
    async with connected(database, transport) as cosmos:
        stores = Stores(cosmos, charges.append)
        pipeline = on_cosmos(stores)
        # When much is asked of them, some of it in vain
        await configured(pipeline, contoso())
        await deliver(pipeline, [START, LINE, LINE, escalated(), ended(at="2026-10-05T11:00:00Z")])
        await stores.conversations().heads(TENANT, Selection({"state": "closed"}, sort="started"), None, 10)
        await stores.parked().mark_replaying(TENANT, "nothing", "2026-10-05T10:00:00Z")
        with pytest.raises(HeadChanged):
            await stores.conversations().commit(TENANT, KEY_OF_C1, (), head_of(START), None)
    # Then each request was reported, in order, conflicts and all
    assert [charge.status for charge in charges] == [seen.status for seen in transport.seen]
    assert {200, 201, 207, 404, 409} <= {charge.status for charge in charges}
    assert [charge.container for charge in charges] == [seen.path.partition("/")[0] for seen in transport.seen]
    assert all(charge.request_units > 0 for charge in charges)


async def test_a_request_without_an_answer_is_reported_too(database: str) -> None:
    # Given a store whose first answer is lost
    transport = WatchedTransport(AfterCommit(lambda _: ServiceRequestError("lost")), every(2))
    charges = list[Charge]()
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos, charges.append).conversations()
        # When something is written, whose answer is lost, and something is read
        await store.read_head(TENANT, KEY_OF_C1)
        with pytest.raises(FactExists):
            await store.append(TENANT, KEY_OF_C1, [fact(LINE)])
    # Then all three requests are reported
    assert [(charge.operation, charge.status) for charge in charges] == [
        ("read_head", 404),
        ("append", None),
        ("append", 409),
    ]


Write = Callable[[Any], Awaitable[object]]


async def commit(store: Any) -> None:
    await store.commit(TENANT, KEY_OF_C1, [fact(START)], head_of(START), None)


async def append(store: Any) -> None:
    await store.append(TENANT, KEY_OF_C1, [fact(LINE)])


async def commit_again(store: Any) -> None:
    with pytest.raises(FactExists):
        await commit(store)


@pytest.mark.parametrize(("before", "last"), [([], commit), ([], append), ([commit], commit_again)])
async def test_a_read_carries_the_token_of_the_write_before_it(database: str, before: list[Write], last: Write) -> None:
    # Given what another process wrote
    async with connected(database) as cosmos:
        for write in before:
            await write(Stores(cosmos).conversations())
    transport = WatchedTransport()
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos).conversations()
        # When this one writes, or is told that it is there already
        await last(store)
        token = transport.seen[-1].token
        # Then what it reads next is at least as new, by a point read and by a query
        await store.read_head(TENANT, KEY_OF_C1)
        await store.load(TENANT, KEY_OF_C1)
    assert token
    assert [seen.session for seen in transport.seen[-2:]] == [token, token]


async def test_a_read_carries_the_token_of_the_conflict_before_it(database: str) -> None:
    # Given a line that is there already, as the service says from a place of its log
    token = "0:0#77"
    taken = WatchedTransport(lambda one: one.answered(409, x_ms_session_token=token) if one.is_create else None)
    async with connected(database, taken) as cosmos:
        store = Stores(cosmos).conversations()
        # When it is appended in vain
        with pytest.raises(FactExists):
            await store.append(TENANT, KEY_OF_C1, [fact(LINE)])
        # Then what is read next is of that place, or later
        await store.read_head(TENANT, KEY_OF_C1)
    assert taken.seen[-1].session == token


async def test_a_token_that_is_refused_twice_is_forgotten(database: str) -> None:
    # Given a write, after whose loss no replica has what its token names any more
    def refused(request: Request) -> Answer | None:
        is_named = "x-ms-session-token" in request.http.headers
        return request.answered(404, x_ms_substatus="1002") if request.method == "GET" and is_named else None

    transport = WatchedTransport(refused)
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos).conversations()
        await commit(store)
        transport.seen.clear()
        # When the conversation is read, then it comes with the third try, without a token
        assert await store.read_head(TENANT, KEY_OF_C1) is not None
    tokens = [seen.session for seen in transport.seen]
    assert (tokens[0], tokens[1:]) == (tokens[1], [tokens[0], None])


async def test_a_token_that_is_refused_once_is_sent_again(database: str) -> None:
    # Given a write that one replica has not seen yet
    transport = WatchedTransport(
        lambda one: one.answered(404, x_ms_substatus="1002") if one.is_query else None, only(1)
    )
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos).conversations()
        await commit(store)
        transport.seen.clear()
        # When all of it is read, then the next replica is asked for what was written
        assert (await store.load(TENANT, KEY_OF_C1)).head is not None
    tokens = [seen.session for seen in transport.seen]
    assert tokens[0] is not None
    assert tokens == [tokens[0]] * 2


async def test_a_line_costs_a_create_and_a_point_read_and_a_load_one_query(database: str) -> None:
    # Given an open conversation that people have
    charges = list[Charge]()
    async with connected(database) as cosmos:
        pipeline = on_cosmos(Stores(cosmos, charges.append))
        await configured(pipeline, contoso())
        await deliver(pipeline, [started(at="2026-11-20T11:00:00Z")])
        charges.clear()
        # When a line comes
        await deliver(pipeline, [message(at="2026-11-20T11:01:00Z")])
        # Then it is created, and the head is read; and all of it is loaded with one query
        assert [charge.operation for charge in charges] == ["append", "read_head"]
        charges.clear()
        await pipeline.conversations.load(TENANT, KEY_OF_C1)
        assert [charge.operation for charge in charges] == ["load"]


async def test_a_query_over_a_tenant_names_the_tenant_so_that_the_index_keeps_it_from_the_others(database: str) -> None:
    # Given a transport that writes down each query for which the key names only the tenant
    queries = list[str]()

    def written_down(request: Request) -> None:
        # The SDK sends a part of a key as a range of hashes, not as a key.
        key = request.http.headers.get("x-ms-documentdb-partitionkey", f'["{TENANT}"]')
        if request.is_query and key == f'["{TENANT}"]':
            queries.append(json.loads(str(request.http.data))["query"])

    async with connected(database, WatchedTransport(written_down)) as cosmos:
        stores = Stores(cosmos)
        # When all that is listed of a tenant is asked for
        await configured(on_cosmos(stores), contoso())
        await stores.configurations().history(TENANT)
        for selection in (Selection(), Selection({"state": "closed", "bot": "b"}, sort="started")):
            await stores.conversations().heads(TENANT, selection, None, 10)
        await stores.conversations().keys(TENANT, None, 10)
        await stores.conversations().due(TENANT, NOW, 10)
        await stores.conversations().unposted(TENANT, "2026-11", 10)
        await stores.ledger().months(TENANT)
        await stores.parked().parked(TENANT)
    # Then each asks for the tenant's documents by a condition, too
    assert len(queries) == 8
    assert [query for query in queries if "c.tenantId = @tenant AND" not in query] == []


async def test_throttling_is_waited_for_as_long_as_the_service_says(database: str) -> None:
    # Given a service that throttles four times and asks for a pause of 0.1 s each time
    transport = WatchedTransport(lambda request: request.answered(429, x_ms_retry_after_ms="100"), every(2, times=4))
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos).conversations()
        await store.read_head(TENANT, KEY_OF_C1)
        begun = time.monotonic()
        # When something is read, then it comes, after the pauses
        assert await store.read_head(TENANT, KEY_OF_C1) is None
        assert time.monotonic() - begun >= 0.4
    assert transport.injected == 4


async def test_patience_ends_with_an_error_that_says_that_another_try_may_help(database: str) -> None:
    # Given a service that is away
    transport = WatchedTransport(lambda request: request.answered(503))
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos, timeout=timedelta(seconds=0.3)).conversations()
        # When something is asked of it, then that fails within the timeout, not at once and not at the end of days
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(store.load(TENANT, KEY_OF_C1), 10)
    assert len(transport.seen) > 1


async def test_many_first_uses_at_once_connect_once(database: str) -> None:
    # Given a connection that was never used
    transport = WatchedTransport()
    async with connected(database, transport) as cosmos:
        store = Stores(cosmos).conversations()
        # When fifty use it at the same time
        found = await asyncio.gather(*(store.read_head(TENANT, f"c{n}") for n in range(50)))
    # Then each got its answer, and account and container were not looked up fifty times
    assert found == [None] * 50
    assert len(transport.seen) == 50
    assert len([url for url in transport.others if url.endswith("/colls/conversations/")]) == 1
    # The SDK asks for the account when it connects, and once more to see whether its endpoint is healthy.
    assert len([url for url in transport.others if "/dbs/" not in url]) <= 2


async def test_many_processes_at_the_first_start_of_all_agree_on_the_version(database: str) -> None:
    # Given a database that no process has opened yet
    async with connected(database) as owner:
        await (await owner.container(CONFIGURATIONS.id)).delete_item(SCHEMA, SCHEMA)
    # When twenty processes begin to use it at the same time
    async with AsyncExitStack() as processes:
        stores = [Stores(await processes.enter_async_context(connected(database))).threads() for _ in range(20)]
        found = await asyncio.gather(*(store.load(TENANT, "t") for store in stores))
    # Then each is served, and the version is written
    assert found == [None] * 20
    async with connected(database) as another:
        configurations = await another.container(CONFIGURATIONS.id)
        assert (await configurations.read_item(SCHEMA, SCHEMA))["version"] == SCHEMA_VERSION


class Unplugged(AioHttpTransport):  # type: ignore[misc]  # the SDK exports it without a type
    """A transport that reaches nobody."""

    async def send(self, request: HttpRequest, **config: Any) -> Any:
        raise ServiceRequestError("unplugged")


async def test_a_first_use_that_fails_leaves_the_next_one_to_connect(database: str) -> None:
    # Given a network that is away when the connection is first used
    transports: list[AsyncHttpTransport[Any, Any]] = [Unplugged(), WatchedTransport()]
    cosmos = Cosmos(endpoint(ENDPOINT), database, endpoint(KEY), lambda: transports.pop(0))
    # When many use it at once, one of them in vain, then the others are served: the failure is not kept
    store = Stores(cosmos).conversations()
    found = await asyncio.gather(*(store.read_head(TENANT, f"c{n}") for n in range(20)))
    assert found == [None] * 20
    await cosmos.close()
