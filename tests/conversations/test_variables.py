"""What a conversation keeps of its variables: whatever comes, its head stays under 1 MB, and says what it left out."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversations.conversation import Conversation
from shared.conversations.documents import read_head, write_head
from shared.conversations.fold import fold
from shared.conversations.ports import Head
from shared.conversations.variables import MAX_BYTES
from shared.events.catalog import Event
from shared.events.codec import MAX_EVENT_BYTES, encode_event
from shared.events.envelope import format_time
from shared.tenants.history import History
from tests.builders import escalated, fact_of, history, small, started
from tests.conversations.pipelines import NOW

LARGEST_HEAD = 1_000_000
BOTS = 40


def tenant(*variables: str) -> History:
    """A tenant in which each number leads to a queue of one more bot, so that a conversation may have many bots."""
    numbers = [{"name": "N", "type": "number"}, *({"name": name, "type": "text"} for name in variables)]
    whens = [{"variable": "N", "operator": "equals", "value": n} for n in range(BOTS)]
    rules = [{"name": f"R{n}", "when": when, "queue": f"Q{n}"} for n, when in enumerate(whens)]
    stream = {"id": "W", "mode": "push", "fallbackQueue": "Q", "contextVariables": numbers, "rules": rules}
    queues = [{"id": f"Q{n}", "members": [{"bot": f"b{n}", "capacity": 1}]} for n in range(BOTS)]
    bots = [{"id": f"b{n}", "name": "B"} for n in range(BOTS)]
    return history(small(bots=bots, queues=[{"id": "Q"}, *queues], work_streams=[stream]))


def at(seconds: int) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


def folded(events: Sequence[Event], versions: History) -> Conversation:
    return fold("small", "c1", [fact_of(event, NOW + timedelta(hours=1)) for event in events], versions)


def bytes_of(conversation: Conversation) -> int:
    return len(write_head(Head(conversation=conversation, revision=1, outbox={})).encode())


def warned(conversation: Conversation, code: str) -> int:
    return sum(one.count for one in conversation.warnings if one.code == code)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("x" * 4000, "x" * 4000),
        ("é" * 4001, "é" * 4001),
        ("é" * 150_000, "é" * 4001),
        (["x" * 16_380], ["x" * 16_380]),
        (["x" * 16_381], '["' + "x" * 3999),
        ({"a": [{"b": "y" * 100_000}]}, '{"a":[{"b":"' + "y" * 3989),
        (10**399, 10**399),
        (None, None),
    ],
)
def test_of_a_value_that_is_too_large_its_beginning_is_kept(given: Any, kept: Any) -> None:
    # given a start with a value, when it is folded, then it, or its beginning, is kept, and a warning says so
    conversation = folded([started(at=at(0), context_variables={"Topic": given})], tenant("Topic"))
    assert conversation.assignments["Topic"].value == kept
    assert warned(conversation, "variable_too_large") == (given != kept)
    # and conditions can use what is kept exactly if they could use what came
    unusable = not (isinstance(given, str) and len(given) <= 4000)
    assert warned(conversation, "unusable_variable") == unusable


def test_a_value_that_does_not_fit_any_more_takes_the_place_of_none_that_it_replaces() -> None:
    # given variables that nearly fill the room, and new values for them that do not fit
    small_values = {f"v{n}": "x" * 900 for n in range(440)}
    large_values = {f"v{n}": "y" * 4000 for n in range(440)}
    before = folded([started(at=at(0), context_variables=small_values)], tenant())
    after = folded(
        [
            started(at=at(0), context_variables=small_values),
            started(at=at(1), event_id="s2", context_variables=large_values),
        ],
        tenant(),
    )
    # when they are folded, then all of the former are kept, and of the latter as many as fit
    assert len(before.assignments) == 440
    assert 0 < len(after.assignments) < 440
    assert bytes_of(after) < MAX_BYTES + 10_000
    # and no old value stands for a new one
    assert all(one.value[0] == "y" or one.name not in large_values for one in after.assignments.values())
    assert warned(after, "variable_too_large") == 440 - len(after.assignments)


def test_a_name_that_no_work_stream_can_declare_is_not_kept() -> None:
    names = {"x" * 100: 1, "x" * 101: 1}
    conversation = folded([started(at=at(0), context_variables=names)], tenant())
    assert list(conversation.assignments) == ["x" * 100]
    assert warned(conversation, "variable_too_large") == 1


def test_of_an_early_escalation_32_kb_are_kept() -> None:
    # given an escalation by a bot that does not have the conversation, with more values than that
    values = {f"v{n}": "x" * 1000 for n in range(100)}
    conversation = folded(
        [started(at=at(0), context_variables={"N": 0}), escalated(at=at(1), bot_id="b7", context_variables=values)],
        tenant(),
    )
    # when it is folded, then some are kept, and the others told
    [early] = conversation.early_escalations
    assert 25 < len(early.context_variables) < 40
    assert warned(conversation, "variable_too_large") == 100 - len(early.context_variables)


def test_what_a_sender_adds_to_its_channel_and_customer_is_kept_by_the_fact_alone() -> None:
    # given a start whose channel and customer have members that nobody knows
    event = started(at=at(0), channel={"accountId": "a", "channelId": "c", "more": "x"}, customer={"id": "u", "x": "y"})
    conversation = folded([event], tenant())
    # when it is folded, then the conversation has the known ones
    assert conversation.channel is not None
    assert conversation.customer is not None
    assert json.loads(conversation.channel.to_json()) == {"accountId": "a", "channelId": "c"}
    assert json.loads(conversation.customer.to_json()) == {"id": "u"}


def test_of_the_long_name_of_a_bot_that_nobody_declares_the_beginning_is_kept() -> None:
    # given escalations by two bots whose names differ at their ends, and by one with a short name
    names = ["x" * 1023 + "1", "x" * 1023 + "2", "x" * 64]
    escalations = [
        escalated(at=at(n), event_id=f"e{n}", bot_id=name, context_variables={"N": n})
        for n, name in enumerate(names, 1)
    ]
    conversation = folded([started(at=at(0), context_variables={"N": 0}), *escalations], tenant())
    # when they are folded, then each is told from the others, by a short name, and had its effect
    unknown = [name for name in conversation.escalated_bots if name.startswith("x")]
    assert len(set(unknown)) == 3
    assert [len(name) for name in unknown] == [57, 57, 64]
    assert [one.outcome for one in conversation.decisions] == ["routed"] * 4


LETTERS = st.sampled_from(["x", "é", "👩", "\x01", '"'])


def variables(letter: str, name: str, number: int, share: float, listed: bool) -> dict[str, Any]:  # drawn
    """So many variables, whose values take this share of the room that an event has for all of them."""
    room = share * (MAX_EVENT_BYTES - 10_000) / number - len(json.dumps(name)) - 10
    text = letter * max(1, int(room / (len(json.dumps(letter, ensure_ascii=False).encode()) - 2)))
    return {f"{name}{n}": [text] if listed else text for n in range(number)}


VARIABLES = st.builds(
    variables,
    LETTERS,
    st.sampled_from(["v", "n" * 90, "n" * 200]),
    st.sampled_from([1, 20, 100, 500]),
    st.sampled_from([0.01, 0.5, 1]),
    st.booleans(),
)
TEXTS = st.builds(lambda letter, size: letter * size, LETTERS, st.sampled_from([1, 90, 1024, 5000]))
Made = Callable[[int], Event]


def start(values: dict[str, Any], text: str) -> Made:
    channel = {"accountId": text[:256], "channelId": text[:256], "threadId": text[:1024], "unknown": text}
    customer = {"id": text[:1024], "name": text[:256], "unknown": text}
    return lambda n: started(at=at(n), event_id=f"s{n}", channel=channel, customer=customer, work_stream_id=text,
                             context_variables={**values, "N": n % BOTS})  # fmt: skip


def escalation(values: dict[str, Any], text: str, declared: bool) -> Made:  # drawn
    return lambda n: escalated(at=at(n), event_id=f"e{n}", bot_id=f"b{n % BOTS}" if declared else f"{n}{text}"[:1024],
                               reason=text, context_variables={**values, "N": n % BOTS})  # fmt: skip


MADE = st.builds(start, VARIABLES, TEXTS) | st.builds(escalation, VARIABLES, TEXTS, st.booleans())


@settings(deadline=None, max_examples=25)
@given(st.lists(MADE, min_size=1, max_size=4), st.integers(1, 8))
def test_whatever_comes_a_head_stays_under_1_mb(made: list[Made], times: int) -> None:
    # given starts and escalations with as much as an event may hold, again and again, by ever other bots
    events = [one(n) for n, one in enumerate(made * times)]
    events = [event for event in events if len(encode_event(event)) <= MAX_EVENT_BYTES]
    conversation = folded(events, tenant("v0", "n" * 90 + "0"))
    # when they are folded, then the head is bounded, and comes back as it was
    assert bytes_of(conversation) < LARGEST_HEAD
    head = Head(conversation=conversation, revision=1, outbox={})
    assert json.loads(write_head(read_head(write_head(head)))) == json.loads(write_head(head))
