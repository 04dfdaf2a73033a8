"""Service Bus behind a network with faults, what strangers send, and the entities as the emulator reads them."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageProperties

from shared.azure.service_bus import connection, entities
from shared.azure.service_bus.dead_letters import ServiceBusDeadLetters
from shared.azure.service_bus.publisher import ServiceBusPublisher
from shared.errors import BusUnavailable, EventTooLarge, Retryable
from shared.events.bus import CONTENT_TYPE, MAX_DELIVERY_COUNT, SUBSCRIPTIONS, TOPIC, UNROUTED, DeadLetter
from shared.events.codec import decode_event
from tests.azure.endpoints import alone, endpoint
from tests.azure.network import Network
from tests.builders import message

ROOT = Path(__file__).parent.parent.parent
TENANT = "contoso"
LINES = "message-posted"


# The SDK leaves a connection on which opening a link failed to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_PLACE = re.compile(r"Endpoint=sb://([^:;/]+):?(\d*)/?;")


@pytest.fixture
async def direct() -> AsyncIterator[ServiceBusClient]:
    """A connection past the network's faults, and nothing waiting."""
    address = endpoint("TEST_SERVICE_BUS")
    with alone(address):
        client = connection.connect(address)
        await received(client)
        yield client
        await client.close()


@pytest.fixture
async def network(direct: ServiceBusClient) -> AsyncIterator[Network]:
    address = endpoint("TEST_SERVICE_BUS")
    place = _PLACE.search(address)
    if place is None or "UseDevelopmentEmulator=true" not in address:
        pytest.skip("TEST_SERVICE_BUS is not reached without TLS, so no fault can be put in between")
    async with Network(place[1], int(place[2] or 5672)) as between:
        yield between


def through(network: Network) -> str:
    return _PLACE.sub(f"Endpoint=sb://127.0.0.1:{network.port};", endpoint("TEST_SERVICE_BUS"))


@pytest.fixture
async def client(network: Network) -> AsyncIterator[ServiceBusClient]:
    own = connection.connect(through(network))
    yield own
    await own.close()


@pytest.fixture
async def publisher(client: ServiceBusClient) -> AsyncIterator[ServiceBusPublisher]:
    own = ServiceBusPublisher(client)
    yield own
    await own.close()


async def received(client: ServiceBusClient, expected: Collection[str] = ()) -> list[str]:
    """The ids of all events that wait, taken away; what is expected is waited for, however busy the machine is."""
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    async with asyncio.timeout(30), client.get_subscription_receiver(TOPIC, LINES, receive_mode=mode) as receiver:
        found: list[str] = []
        while (messages := await receiver.receive_messages(100, max_wait_time=0.2)) or not set(expected) <= set(found):
            found += [decode_event(b"".join(message.body)).id for message in messages]
        return sorted(found)


async def test_what_travels_is_marked_as_a_cloud_event(
    publisher: ServiceBusPublisher, direct: ServiceBusClient
) -> None:
    # Given a published event
    await publisher.publish(TENANT, [message()])
    # When any client receives it
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    async with direct.get_subscription_receiver(TOPIC, LINES, receive_mode=mode) as receiver:
        (got,) = await receiver.receive_messages(1, max_wait_time=10)
    # Then its properties say what it is
    assert (got.content_type, got.subject) == (CONTENT_TYPE, "message.posted")
    assert got.message_id


async def test_after_the_connection_was_cut_the_next_publish_works(
    publisher: ServiceBusPublisher, network: Network, direct: ServiceBusClient
) -> None:
    # Given a publisher whose connection was cut, as when the broker restarts
    await publisher.publish(TENANT, [message(event_id="before")])
    network.cut()
    # When many publish
    events = [message(event_id=f"m{n}") for n in range(20)]
    await asyncio.gather(*(publisher.publish(TENANT, [event]) for event in events))
    # Then each event is there, over one new connection
    expected = {"before", *(event.id for event in events)}
    assert set(await received(direct, expected)) == expected
    assert network.connections == 2


async def test_a_lost_answer_sends_twice_and_loses_nothing(
    publisher: ServiceBusPublisher, network: Network, direct: ServiceBusClient
) -> None:
    # Given a network that loses the broker's answer
    await publisher.publish(TENANT, [message(event_id="before")])
    network.lose_answers = 1
    # When an event is published
    await publisher.publish(TENANT, [message(event_id="m1")])
    # Then it is there, and whoever records it knows it by its id
    assert network.lose_answers == 0
    expected = {"before", "m1"}
    assert set(await received(direct, expected)) == expected


async def test_a_broker_out_of_reach_is_a_failure_that_may_pass(
    publisher: ServiceBusPublisher, network: Network, direct: ServiceBusClient
) -> None:
    # Given a broker that is gone
    await publisher.publish(TENANT, [message(event_id="before")])
    network.down = True
    network.cut()
    # When something is published
    assert not await publisher.reachable()
    with pytest.raises(BusUnavailable) as failure:
        await publisher.publish(TENANT, [message(event_id="lost")])
    assert isinstance(failure.value, Retryable)
    # Then the next publish works, once the broker is back
    network.down = False
    assert await publisher.reachable()
    await publisher.publish(TENANT, [message(event_id="after")])
    expected = ["after", "before"]
    assert await received(direct, expected) == expected


async def test_on_a_dead_network_many_callers_do_not_wait_for_each_other(network: Network) -> None:
    # Given a network on which no answer arrives any more, and a second for each try
    client = connection.connect(through(network), try_seconds=1.0)
    publisher = ServiceBusPublisher(client, try_seconds=1.0)
    await publisher.publish(TENANT, [message(event_id="before")])
    network.mute = True
    # When many publish at once
    began = time.monotonic()
    events = [message(event_id=f"m{n}") for n in range(20)]
    results = await asyncio.gather(*(publisher.publish(TENANT, [event]) for event in events), return_exceptions=True)
    # Then all know after three tries of theirs, and the next publish works when the network does
    assert [type(result) for result in results] == [BusUnavailable] * 20
    assert time.monotonic() - began < 10
    network.mute = False
    await publisher.publish(TENANT, [message(event_id="after")])
    await publisher.close()
    await client.close()


async def test_a_message_that_fits_no_batch_is_refused_by_name(publisher: ServiceBusPublisher) -> None:
    with pytest.raises(EventTooLarge, match="has 300000 bytes; one event may have 262144"):
        await publisher.send([ServiceBusMessage(b"x" * 300_000)])


def every(_: DeadLetter) -> bool:
    return True


async def test_a_message_whose_handler_always_raises_dies_of_it_and_is_resubmitted(
    publisher: ServiceBusPublisher, direct: ServiceBusClient
) -> None:
    # Given a message of a stranger that is given back ten times, as the Functions host does when a handler raises
    properties = AmqpMessageProperties(subject="message.posted", message_id="m1", correlation_id="abc")
    stranger = AmqpAnnotatedMessage(
        value_body="as text, not as data", properties=properties, application_properties={"traceparent": "00-1-2-01"}
    )
    async with direct.get_topic_sender(TOPIC) as sender:
        await sender.send_messages(stranger)
    async with direct.get_subscription_receiver(TOPIC, LINES) as receiver:
        for _ in range(MAX_DELIVERY_COUNT):
            (got,) = await receiver.receive_messages(1, max_wait_time=10)
            await receiver.abandon_message(got)
    # When it is resubmitted
    letters = ServiceBusDeadLetters(direct, publisher)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    (letter,) = await letters.resubmit(soon, every)
    # Then the reason was the broker's, and it is on its way with what its sender gave it
    assert (letter.message_id, letter.reason, letter.resubmissions) == ("m1", "MaxDeliveryCountExceeded", 0)
    async with direct.get_subscription_receiver(TOPIC, LINES) as receiver:
        (got,) = await receiver.receive_messages(1, max_wait_time=10)
        await receiver.complete_message(got)
    assert (b"".join(got.body), got.correlation_id) == (b"as text, not as data", "abc")
    assert got.application_properties == {b"traceparent": b"00-1-2-01", b"resubmissions": 1}
    # and nobody looks again before a minute has passed
    assert list(await letters.resubmit(soon, every)) == []


async def test_a_body_that_no_trigger_can_read_stays_a_dead_letter(
    publisher: ServiceBusPublisher, direct: ServiceBusClient
) -> None:
    # Given a dead letter whose body is a list
    properties = AmqpMessageProperties(subject="message.posted", message_id="odd")
    async with direct.get_topic_sender(TOPIC) as sender:
        await sender.send_messages(AmqpAnnotatedMessage(sequence_body=[[1, 2]], properties=properties))
    async with direct.get_subscription_receiver(TOPIC, LINES) as receiver:
        (got,) = await receiver.receive_messages(1, max_wait_time=10)
        await receiver.dead_letter_message(got, reason="TimeoutError")
    # When dead letters are resubmitted, then it stays where it is
    letters = ServiceBusDeadLetters(direct, publisher)
    assert list(await letters.resubmit(datetime.now(UTC) + timedelta(minutes=1), every)) == []
    grave = direct.get_subscription_receiver(TOPIC, LINES, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    async with grave:
        (got,) = await grave.receive_messages(1, max_wait_time=10)
        await grave.complete_message(got)
    assert got.message_id == "odd"


async def test_without_the_broker_dead_letters_are_a_failure_that_may_pass(
    client: ServiceBusClient, publisher: ServiceBusPublisher, network: Network
) -> None:
    network.down = True
    with pytest.raises(BusUnavailable):
        await ServiceBusDeadLetters(client, publisher).resubmit(datetime.now(UTC), every)


def test_the_emulators_file_is_up_to_date() -> None:
    written = (ROOT / "infra/emulators/service-bus.json").read_text(encoding="utf-8")
    assert written == entities.rendered(), (
        "python -m shared.azure.service_bus.entities > infra/emulators/service-bus.json"
    )


def test_the_emulator_has_every_subscription_with_its_one_rule() -> None:
    # Given the emulator's configuration
    (namespace,) = entities.emulator_configuration()["UserConfig"]["Namespaces"]
    (topic,) = namespace["Topics"]
    rules = {one["Name"]: one["Rules"] for one in topic["Subscriptions"]}
    # Then it has the topic, and each subscription takes one type, or what no other takes
    assert topic["Name"] == TOPIC
    assert {name: rule[0]["Properties"].get("CorrelationFilter") for name, rule in rules.items()} == {
        **{name: {"Label": type_} for name, type_ in SUBSCRIPTIONS.items()},
        UNROUTED: None,
    }
    assert rules[UNROUTED][0]["Properties"]["SqlFilter"]["SqlExpression"] == (
        "sys.Label IS NULL OR sys.Label NOT IN ('conversation.started', 'message.posted', 'message.changed',"
        " 'bot.escalated', 'inactivity.timeout', 'conversation.ended')"
    )
    assert {one["Properties"]["MaxDeliveryCount"] for one in topic["Subscriptions"]} == {MAX_DELIVERY_COUNT}


def test_an_address_is_a_connection_string_or_a_namespace() -> None:
    # Given a connection string, or a namespace's name with a credential of the process
    emulator = connection.connect("Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=k;SharedAccessKey=a2V5;")
    azure = connection.connect("example.servicebus.windows.net")
    # Then nothing is opened yet, and both know where to go
    assert emulator.fully_qualified_namespace == "127.0.0.1"
    assert azure.fully_qualified_namespace == "example.servicebus.windows.net"
