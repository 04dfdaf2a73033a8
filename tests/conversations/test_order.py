"""The one order of facts: by when they count, then by how they came, and never by the order of delivery."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.conversations.fact import Fact
from shared.conversations.lists import Selection
from shared.conversations.order import in_order
from shared.errors import EventTooLarge
from shared.events.codec import MAX_EVENT_BYTES, encode_event, event_from
from shared.events.envelope import OWN_SOURCE, format_time
from shared.events.stamp import MAX_POSITION, Stamp, arrival, positions, stamp_of
from shared.ingress.stamps import Stamps
from shared.tenants.configuration import Configuration
from shared.wire import replace
from tests.builders import contoso, document, fact_of, json_values
from tests.conversations.pipelines import NOW, InMemory, Pipelines

SECOND = format_time(NOW - timedelta(minutes=10))


def line(event_id: str, conversation: str = "c1", at: str = SECOND, bot: str | None = None, **data: Any) -> Any:
    author = {"role": "bot", "id": bot} if bot else {"role": "customer", "id": "mia"}
    said = {"author": author, "text": event_id, **data}
    return document("message.posted", said, conversation, at, event_id=event_id)


async def posted(pipeline: InMemory, *events: Any, drain: bool = True) -> None:
    """Post the events in one request."""
    await pipeline.receiver.receive_events("contoso", json.dumps(events).encode())
    if drain:
        await pipeline.drain()


async def shown(pipeline: InMemory, key: str = "c1") -> list[str | None]:
    return [entry.text for entry in await pipeline.lines(key, "agent")]


def without_rules() -> Configuration:
    (stream,) = contoso().work_streams
    return replace(contoso(), work_streams=(replace(stream, rules=()),))


async def test_four_lines_of_one_second_in_one_set_stand_as_they_were_sent(in_memory: Pipelines = InMemory) -> None:
    # Given a set of four activities of one second, two of which answer the one before
    pipeline = await in_memory().configured()
    said = {"type": "message", "conversation": {"id": "t"}, "timestamp": SECOND, "from": {"id": "mia", "role": "user"}}
    four = [{**said, "id": f"t|{n}", "text": str(n)} for n in range(1, 5)]
    four[1]["replyToId"], four[3]["replyToId"] = "t|1", "t|3"
    # When it is posted
    await pipeline.receiver.receive_activity("contoso", "contoso-chat", "webchat", json.dumps(four).encode())
    await pipeline.drain()
    # Then they are shown in this order
    (head,) = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert await shown(pipeline, head.conversation.key) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_equal_threads_are_charged_to_the_same_bot(at_once: bool, in_memory: Pipelines = InMemory) -> None:
    # Given twenty conversations in each of which one bot speaks, and in the same second another
    pipeline = await in_memory().configured(without_rules())
    for number in range(20):
        one, other = (line(f"{number}-{bot}", f"c{number}", bot=bot) for bot in ("first", "second"))
        for request in [[one, other]] if at_once else [[one], [other]]:
            await posted(pipeline, *request)
    # Then each is charged to the one that spoke first
    rows = (await pipeline.ledger.rows("contoso", "2026-11", None, None, 100)).rows
    assert [row.bots for row in rows] == [("first", "second")] * 20


async def test_a_line_that_is_sent_again_keeps_its_place() -> None:
    # Given lines of one second in three requests, the first of which the sender repeats
    pipeline = await InMemory().configured()
    for name in ("b", "c", "a", "b"):
        await posted(pipeline, line(name))
    # Then each stands where it came first
    assert await shown(pipeline) == ["b", "c", "a"]


@pytest.mark.parametrize("spoofed", [{"ingresstime": SECOND, "ingressposition": 7}, {"ingressposition": "none"}])
async def test_no_size_lets_a_senders_own_stamp_stand(spoofed: dict[str, Any]) -> None:
    # Given an end ahead of our clock, with a stamp and a mark by its sender, of every size around the limit
    pipeline = await InMemory().configured()
    said = {"endedBy": "agent", "reason": "resolved"}
    end = document("conversation.ended", said, "c1", "2026-11-21T11:00:00Z") | {"ingresschannel": "0" * 16, **spoofed}
    room = MAX_EVENT_BYTES - len(encode_event(event_from({**end, "padding": ""})))
    accepted = 0
    for size in range(room - 90, room + 2):
        # When it is posted
        try:
            await posted(pipeline, {**end, "id": f"e{size}", "padding": "x" * (size - 6)}, drain=False)
        except EventTooLarge:
            continue
        # Then it is refused, or carries the stamp of its request
        accepted += len(pipeline.publisher.events)
        assert all(stamp_of(event.attributes) != stamp_of(spoofed) for event in pipeline.publisher.events)
        assert all(fact_of(event, NOW).at <= NOW for event in pipeline.publisher.events)
        pipeline.publisher.events.clear()
    assert accepted


async def test_the_time_decides_before_the_position_in_a_request(in_memory: Pipelines = InMemory) -> None:
    # Given a request in which a line precedes one that is dated before it and answers it
    pipeline = await in_memory().configured()
    earlier = format_time(NOW - timedelta(minutes=11))
    await posted(pipeline, line("asked"), line("said before", at=earlier, replyToId="asked"))
    # Then the transcript goes by the times
    assert await shown(pipeline) == ["said before", "asked"]


@pytest.mark.parametrize("behind", [0, 4, 10])
async def test_the_hosts_clock_changes_neither_the_order_nor_the_count(
    behind: int, in_memory: Pipelines = InMemory
) -> None:
    # Given a start, an end, and a bot's line after it, on a host whose clock is some minutes behind
    times = [format_time(NOW + timedelta(minutes=minutes - 3)) for minutes in range(3)]
    place = {"channel": {"accountId": "contoso-chat", "channelId": "webchat"}, "customer": {"id": "mia"}}
    events = [
        document("conversation.started", place, at=times[0], event_id="start"),
        document("conversation.ended", {"endedBy": "customer", "reason": "resolved"}, at=times[1], event_id="end"),
        line("late", at=times[2], bot="first"),
    ]
    for order in permutations(range(3)):
        pipeline = await in_memory(clock=MovableClock(NOW - timedelta(minutes=behind))).configured(without_rules())
        # When they are posted at once, and delivered in any order, with pauses
        await posted(pipeline, *events, drain=False)
        published, pipeline.publisher.events[:] = list(pipeline.publisher.events), []
        for number in order:
            pipeline.clock.advance(timedelta(seconds=1))
            await pipeline.deliveries.deliver(published[number].to_json().encode())
        # Then the line is late, and no bot session is counted
        (entry,) = await pipeline.lines("c1", "agent")
        assert (entry.text, entry.late) == ("late", True)
        assert (await pipeline.reading.one("contoso", "c1")).conversation.bot_activity.invocations == ()


def test_what_patchbay_decided_keeps_its_time_and_a_stranger_under_its_name_does_not() -> None:
    ahead = NOW + timedelta(seconds=2)
    decided = event_from({**line("x", at=format_time(ahead)), "source": OWN_SOURCE})
    assert fact_of(decided, NOW).at == ahead
    assert fact_of(decided, NOW).is_ours
    stranger = fact_of(decided.with_unknown(Stamp(NOW).attributes()), NOW)
    assert (stranger.at, stranger.is_ours) == (NOW, False)


def _facts() -> st.SearchStrategy[Fact]:
    seconds = st.integers(-2, 2).map(lambda second: format_time(NOW + timedelta(seconds=second)))
    stamps = st.none() | st.builds(Stamp, st.sampled_from([NOW, NOW + timedelta(microseconds=1)]), st.integers(0, 2))
    lines = st.builds(lambda n, at, sequence: line(str(n), at=at, sequence=sequence), st.integers(), seconds,
                      st.none() | st.integers(0, 2))  # fmt: skip
    ends = st.builds(
        lambda n, at: document("conversation.ended", {"endedBy": "bot", "reason": "other"}, at=at, event_id=f"end{n}"),
        st.integers(), seconds,
    )  # fmt: skip
    return st.builds(
        lambda sent, stamp: fact_of(event_from({**sent, **(stamp.attributes() if stamp else {})}), NOW),
        lines | ends,
        stamps,
    )


@given(st.lists(_facts(), max_size=8, unique_by=lambda fact: fact.id), st.randoms(use_true_random=False))
def test_the_order_is_total_and_knows_no_arrival(facts: list[Fact], chance: Random) -> None:
    check_the_order(facts, chance)


def check_the_order(facts: Sequence[Fact], chance: Random) -> None:
    # Given facts of equal times, clamped times, with and without sequences and stamps, in any order and repeated
    ordered = in_order(facts)
    shuffled = [*facts, *facts[::2]]
    chance.shuffle(shuffled)
    # Then there is one order, in which each stands before all that come after it, and not the other way round
    assert in_order(shuffled) == ordered
    for number, one in enumerate(ordered):
        assert all(one.order < other.order and not other.order < one.order for other in ordered[number + 1 :])


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
async def test_deliveries_in_any_order_and_again_give_one_outcome(chance: Random) -> None:
    await check_deliveries(chance)


async def check_deliveries(chance: Random, in_memory: Pipelines = InMemory) -> None:
    # Given two requests with events of one second, and of times ahead of our clock, some of which answer others
    ahead = [format_time(NOW + timedelta(minutes=minutes)) for minutes in (1, 2)]
    place = {"channel": {"accountId": "contoso-chat", "channelId": "webchat"}, "customer": {"id": "mia"}}
    history = [{"author": {"role": "customer", "id": "mia"}, "text": "asked", "time": SECOND}]
    topic = {"botId": "first", "contextVariables": {"BotHandoffTopic": "CreditCard"}, "transcript": history}
    requests = [
        [
            document("conversation.started", place, at=SECOND, event_id="start"),
            line("answer", bot="second", replyToId="asked"),
            line("asked"),
            line("first", bot="first"),
        ],
        [
            document("conversation.ended", {"endedBy": "bot", "reason": "other"}, at=ahead[1], event_id="end"),
            document("bot.escalated", topic, at=ahead[0], event_id="escalation"),
            line("thanks", at=ahead[1]),
        ],
    ]
    outcomes = []
    for shuffles in (False, True):
        pipeline = await in_memory(clock=MovableClock(NOW)).configured(without_rules())
        for request in requests:
            await posted(pipeline, *request, drain=False)
        published, pipeline.publisher.events[:] = list(pipeline.publisher.events), []
        if shuffles:
            published += chance.sample(published, chance.randint(0, len(published)))
            chance.shuffle(published)
        # When they are delivered, in any order and some of them twice, while our clock goes on
        for event in published:
            pipeline.clock.advance(timedelta(seconds=1))
            await pipeline.deliveries.deliver(event.to_json().encode())
        outcomes.append(await pipeline.outcome())
    # Then they make the same conversation, transcript, decisions and bill
    assert [entry.text for entry in outcomes[0]["transcript"]] == ["asked", "answer", "first", "thanks"]
    assert outcomes[1] == outcomes[0]


@pytest.mark.parametrize(
    ("answered", "placed"),
    [
        pytest.param([None, "0", None, "2"], [0, 1, 2, 3], id="in order"),
        pytest.param(["1", None, None], [1, 0, 2], id="an answer before what it answers"),
        pytest.param(["1", "2", None], [2, 1, 0], id="a chain, backwards"),
        pytest.param(["1", "0", "2"], [1, 0, 2], id="a circle, and an answer to itself"),
        pytest.param(["elsewhere", None], [0, 1], id="an answer to another request"),
    ],
)
def test_no_answer_stands_before_what_it_answers(answered: list[str | None], placed: list[int]) -> None:
    assert positions([str(n) for n in range(len(answered))], answered) == placed


def test_each_request_has_a_later_stamp_though_the_clock_stands_still() -> None:
    stamps = Stamps(MovableClock(NOW))
    assert [stamps.next() - NOW for _ in range(3)] == [timedelta(microseconds=n) for n in range(3)]


@given(st.builds(Stamp, st.datetimes().map(lambda moment: moment.replace(tzinfo=NOW.tzinfo)), st.integers(0, 9)))
def test_a_stamp_that_is_written_is_read_again(stamp: Stamp) -> None:
    assert stamp_of(json.loads(json.dumps(stamp.attributes()))) == stamp


@given(st.dictionaries(st.sampled_from(["ingresstime", "ingressposition"]), json_values() | st.just(MAX_POSITION + 1)))
def test_whatever_stands_there_is_a_stamp_or_none(carrier: dict[str, Any]) -> None:
    assert stamp_of(carrier) is None
    assert arrival(carrier, NOW) == NOW
