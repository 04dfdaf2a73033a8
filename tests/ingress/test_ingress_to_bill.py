"""From the ingress to the bill: what is posted, early, late or twice, is in one conversation and billed once."""

import json
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.conversations.lists import Selection
from shared.errors import TooLate
from shared.events.envelope import format_time
from tests.builders import started
from tests.conversations.pipelines import NOW, InMemory, Pipelines

CUSTOMER = {"id": "mia", "role": "user"}
BOT = {"id": "contoso-bot", "role": "bot"}


def at(minutes: float) -> str:
    """So many minutes after an hour ago."""
    return format_time(NOW + timedelta(minutes=minutes - 60))


def activity(
    text: str, minutes: float | None, sender: Mapping[str, Any] = CUSTOMER, /, **members: Any
) -> dict[str, Any]:
    said = {"type": "message", "text": text, "id": f"t|{text}", "conversation": {"id": "t"}, "from": dict(sender)}
    return {**said, **members} if minutes is None else {**said, "timestamp": at(minutes), **members}


END: dict[str, Any] = {"type": "endOfConversation", "text": None}


async def posted(pipeline: InMemory, *activities: dict[str, Any], drain: bool = True) -> None:
    for one in activities:
        body = json.dumps(one).encode()
        await pipeline.receiver.receive_activity("contoso", "contoso-chat", "webchat", body)
        if drain:
            await pipeline.drain()


async def texts(pipeline: InMemory, audience: str = "agent") -> dict[str, list[str | None]]:
    """What was said in each conversation, by the conversation's number in the thread."""
    heads = (await pipeline.reading.page("contoso", Selection(), None)).heads
    return {
        head.conversation.conversation_id.rpartition(".")[2]: [
            line.text
            for line in await pipeline.lines(head.conversation.key, "agent" if audience == "agent" else "customer")
        ]
        for head in heads
    }


async def counted(pipeline: InMemory) -> int:
    days = [(await pipeline.ledger.books("contoso", month)).days for month in await pipeline.ledger.months("contoso")]
    return sum(counts["counted", ""] for month in days for counts in month.values())


async def test_a_line_after_an_end_that_nobody_knew_of_yet_opens_the_next_conversation_also_when_it_is_retried() -> (
    None
):
    # Given a line that is posted while the end before it is still on the bus
    pipeline = await InMemory().configured()
    await posted(pipeline, activity("Hi", 0))
    await posted(pipeline, activity("end", 1, **END), activity("Wait", 2), drain=False)
    await pipeline.drain()
    # When the channel sends it again, then it stands where it stood
    await posted(pipeline, activity("Wait", 2), activity("end", 1, **END), activity("Hi", 0))
    said = await texts(pipeline)
    assert said["2"] == ["Wait"]
    assert await counted(pipeline) == 2


@pytest.mark.parametrize("minutes", [None, 70])
async def test_a_retry_without_a_usable_time_stays_in_its_conversation(
    minutes: float | None, in_memory: Pipelines = InMemory
) -> None:
    # Given a line without a timestamp, or with one of a clock that is far ahead
    pipeline = await in_memory().configured()
    await posted(pipeline, activity("Hi", minutes))
    pipeline.clock.advance(timedelta(minutes=1))
    await posted(pipeline, activity("end", None, **END))
    # When both are sent again after the end
    pipeline.clock.advance(timedelta(minutes=1))
    await posted(pipeline, activity("Hi", minutes), activity("end", None, **END))
    # Then there is one conversation, billed once
    assert await texts(pipeline) == {"1": ["Hi"]}
    assert await counted(pipeline) == 1


async def test_a_line_by_a_clock_that_is_ahead_begins_no_conversation_after_the_end() -> None:
    # Given a customer's line that comes a minute before the end, and is dated three minutes after it
    pipeline = await InMemory().configured()
    for arrives, one in enumerate(
        [activity("Hi", 60), activity("Hello", 61, BOT), activity("Bye", 66), activity("end", 63, BOT, **END)]
    ):
        await posted(pipeline, one)
        assert pipeline.clock.advance(timedelta(minutes=1)) == NOW + timedelta(minutes=arrives + 1)
    # Then it is in the one conversation that there is, and billed once
    assert await texts(pipeline) == {"1": ["Hi", "Hello", "Bye"]}
    assert await counted(pipeline) == 1


async def test_an_activity_of_an_old_clock_is_refused_and_spoils_nothing() -> None:
    pipeline = await InMemory().configured()
    with pytest.raises(TooLate):
        await posted(pipeline, activity("old", -60 * 24 * 400))
    await posted(pipeline, activity("Hi", 0))
    assert [head.conversation.queue for head in (await pipeline.reading.page("contoso", Selection(), None)).heads] == [
        "BotQueue"
    ]


async def test_a_name_of_any_length_leaves_the_conversation_its_start() -> None:
    pipeline = await InMemory().configured()
    long = {**CUSTOMER, "name": "x" * 150_000}
    await posted(pipeline, activity("Hi", 0, long, locale="y" * 1000))
    [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert head.conversation.queue == "BotQueue"


@pytest.mark.parametrize(
    "afterwards",
    [
        activity("Bye", 2, BOT, channelData={"tags": '{"type":"EndConversation"}'}),
        activity("Bye", 2, BOT),
        activity("Bye", 2, {"id": "ana", "role": "agent"}),
        activity("end again", 2, **END),
    ],
)
async def test_only_a_customer_or_an_escalation_begins_another_conversation(afterwards: dict[str, Any]) -> None:
    pipeline = await InMemory().configured()
    await posted(pipeline, activity("Hi", 0), activity("end", 1, **END), afterwards)
    assert list(await texts(pipeline)) == ["1"]
    assert await counted(pipeline) == 1


async def test_a_conversation_with_an_id_of_its_own_is_found_by_its_thread() -> None:
    # Given a start that names both
    thread = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}
    pipeline = await InMemory().configured()
    await pipeline.deliveries.deliver(started("order-77", at(0), channel=thread).to_json().encode())
    # When something is said in the thread, then it is said there
    await posted(pipeline, activity("Hi", 1))
    assert await texts(pipeline) == {"order-77": ["Hi"]}


async def test_a_command_of_a_bot_that_nobody_declared_is_a_command() -> None:
    # Given an escalation whose sender says neither a role nor a known id
    tags = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
    pipeline = await InMemory().configured()
    await posted(pipeline, activity("Hi", 0), activity("SECRET", 1, {"id": "new-bot"}, channelData={"tags": tags}))
    # Then it is routed, and its summary stays with the agents
    assert await texts(pipeline, "customer") == {"1": ["Hi"]}
    [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert head.conversation.queue == "CreditCardQueue"


async def test_a_customer_cannot_hand_a_conversation_over() -> None:
    pipeline = await InMemory().configured()
    handover: dict[str, Any] = {"type": "event", "name": "handoff.initiate", "value": {"BotHandoffTopic": "CreditCard"}}
    await posted(pipeline, activity("Hi", 0), activity("x", 1, **handover))
    [head] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert head.conversation.queue == "BotQueue"


_steps = st.lists(
    st.tuples(st.sampled_from(["say", "answer", "end"]), st.integers(0, 40), st.booleans(), st.booleans()), max_size=8
)


@settings(max_examples=300)
@given(_steps, st.randoms(use_true_random=False))
@example([("end", 0, True, False), ("answer", 1, True, True), ("say", 1, True, False)], Random(0))
async def test_retries_at_any_moment_change_neither_the_conversations_nor_the_bill(
    steps: list[tuple[str, int, bool, bool]], chance: Random
) -> None:
    await check_that_retries_change_nothing(steps, chance)


async def check_that_retries_change_nothing(
    steps: list[tuple[str, int, bool, bool]], chance: Random, in_memory: Pipelines = InMemory
) -> None:
    # Given activities of one thread in order of time, some posted before the ones before them are recorded
    ordered = sorted(steps, key=lambda step: step[1])
    made = [
        activity(f"{n}", minute, BOT if kind == "answer" else CUSTOMER, **(END if kind == "end" else {}))
        for n, (kind, minute, _, _) in enumerate(ordered)
    ]
    pipeline = await in_memory().configured()
    await posted(pipeline, activity("Hi", -1))
    for one, (_, _, drains, _) in zip(made, ordered, strict=True):
        await posted(pipeline, one, drain=drains)
    await pipeline.drain()
    before = (await texts(pipeline), await counted(pipeline))
    # When some of them are sent again, in any order
    again = [one for one, (_, _, _, repeated) in zip(made, ordered, strict=True) if repeated]
    chance.shuffle(again)
    await posted(pipeline, *again)
    # Then nothing has changed
    assert (await texts(pipeline), await counted(pipeline)) == before
    assert await pipeline.books_balance()
