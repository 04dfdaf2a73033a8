"""The customer of a conversation has the newest name and locale that somebody gave, whatever came first."""

from itertools import permutations

from shared.events.catalog import Event
from tests.builders import fact_of, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.conversations.test_races import differences
from tests.conversations.test_record import Spied
from tests.fakes import MemoryConversations

CUSTOMER = {"role": "customer", "id": "customer-1"}


def line(second: int, name: str | None = None, **data: str) -> Event:
    author = {**CUSTOMER, "name": name} if name else CUSTOMER
    return message(at=f"2026-10-05T10:00:{second:02}Z", author=author, **data)


START = started(customer={"id": "customer-1"})
SAID = (START, line(1, "Ana", locale="cs"), line(2, "Anna"), message(at="2026-10-05T10:00:03Z", role="bot"), line(4))


async def customer_of(pipeline: InMemory) -> tuple[str | None, str | None]:
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    customer = found[0].conversation.customer
    assert customer is not None
    return customer.name, customer.locale


async def test_a_name_that_comes_later_reaches_the_customer_in_every_order(in_memory: Pipelines = InMemory) -> None:
    for order in permutations(SAID):
        # given facts of which only later ones name the customer, when they come in some order, each of them twice
        pipeline = await in_memory().configured()
        for event in order:
            await pipeline.record(event, event)
        # then the stored head has the newest name and locale, and the fold has the same
        assert await customer_of(pipeline) == ("Anna", "cs")
        assert await differences(pipeline) == []


async def test_a_name_that_was_only_appended_counts_when_an_older_one_comes_later() -> None:
    # given a line that changed nothing, because its name was known already
    pipeline = await InMemory().configured()
    await pipeline.record(START, line(2, "Anna"), line(9, "Anna"))
    # when a line from between comes with another name, then the newest line's name stays
    await pipeline.record(line(5, "Ana"))
    assert await customer_of(pipeline) == ("Anna", None)
    assert await differences(pipeline) == []


async def test_a_name_that_is_appended_while_another_one_is_committed_is_not_lost() -> None:
    # given a customer called Anna, and a line that calls her Ana
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(START, line(2, "Anna"))

    async def append_meanwhile() -> None:
        await MemoryConversations.append(store, "contoso", "c1", [fact_of(line(9, "Anna"), NOW)])

    # when a newer line, which found the name as it is, was appended meanwhile
    store.before["commit"] = append_meanwhile
    await pipeline.record(line(5, "Ana"))
    # then that line's name is the customer's
    assert await customer_of(pipeline) == ("Anna", None)


async def test_a_later_start_tells_the_name_too() -> None:
    pipeline = await InMemory().configured()
    named = started(event_id="again", at="2026-10-05T10:00:07Z", customer={"id": "customer-1", "name": "Ana"})
    await pipeline.record(START, line(1), named)
    assert await customer_of(pipeline) == ("Ana", None)


async def test_another_persons_name_is_not_the_customers() -> None:
    pipeline = await InMemory().configured()
    other = message(at="2026-10-05T10:00:05Z", author={"role": "customer", "id": "customer-2", "name": "Bea"})
    await pipeline.record(started(customer={"id": "customer-1", "name": "Ana"}), other)
    assert await customer_of(pipeline) == ("Ana", None)


async def test_a_customer_who_is_called_by_the_thread_gets_a_name() -> None:
    # given a conversation of which only the thread is known, as a bot's greeting without recipient begins it
    pipeline = await InMemory().configured()
    channel = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t1"}
    await pipeline.record(started(channel=channel, customer={"id": "t1"}), line(5, "Ana"))
    assert await customer_of(pipeline) == ("Ana", None)
