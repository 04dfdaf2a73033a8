"""Inactivity: reminded, then closed; never while somebody speaks; and what an end did not see goes on elsewhere."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest

from shared.conversations.lists import Selection
from shared.conversations.ports import Head
from shared.conversations.silence_policy import texts_for
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.events.envelope import format_time
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_posted import MessagePosted
from shared.routing.work_stream import InactivityPolicy, InactivityTexts
from shared.tenants.configuration import Configuration
from shared.wire import replace
from tests.builders import contoso, document, ended, escalated, message, started, threaded
from tests.conversations.pipelines import NOW, InMemory, Pipelines

REMIND, CLOSE = 300, 900
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t|1"}


def at(seconds: float) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


async def began(configuration: Configuration | None = None, **data: Any) -> InMemory:
    """A bot has a conversation that began now; the bot has greeted."""
    pipeline = await InMemory().configured(configuration)
    await pipeline.record(started(at=at(0), **data), message(at=at(0), role="bot", text="Hello"))
    return pipeline


async def swept(pipeline: InMemory, seconds: float) -> None:
    """Move the clock to so many seconds after NOW, sweep, and deliver what was published until nothing is left."""
    pipeline.clock.advance(NOW + timedelta(seconds=seconds) - pipeline.clock.now())
    await pipeline.sweep.run()
    await pipeline.drain()


async def texts(pipeline: InMemory, key: str = "c1") -> list[str | None]:
    return [line.text for line in await pipeline.lines(key, "customer")]


async def head(pipeline: InMemory, key: str = "c1") -> Head:
    return await pipeline.reading.one("contoso", key)


async def test_a_silent_customer_is_reminded_at_t1_and_the_conversation_ends_at_t2() -> None:
    pipeline = await began()
    for seconds, said, state in (
        (REMIND - 1, ["Hello"], "active"),
        (REMIND, ["Hello", "Are you still there?"], "active"),
        (CLOSE - 1, ["Hello", "Are you still there?"], "active"),
        (CLOSE, ["Hello", "Are you still there?", "Goodbye."], "closed"),
    ):
        await swept(pipeline, seconds)
        assert await texts(pipeline) == said
        assert (await head(pipeline)).conversation.state == state
    conversation = (await head(pipeline)).conversation
    assert (conversation.closed_by, conversation.closed_reason) == ("system", "inactivity")
    assert conversation.closed_at == NOW + timedelta(seconds=CLOSE)


async def test_an_answer_one_second_before_t2_keeps_it_open() -> None:
    pipeline = await began()
    await swept(pipeline, REMIND)
    pipeline.clock.advance(timedelta(seconds=CLOSE - 1 - REMIND))
    await pipeline.record(message(at=at(CLOSE - 1), text="Yes"))
    await swept(pipeline, CLOSE)
    assert (await head(pipeline)).conversation.state == "active"
    # and the silence is measured from the bot's next line on
    await pipeline.record(message(at=at(CLOSE), role="bot", text="Good"))
    await swept(pipeline, 2 * CLOSE - 1)
    assert (await head(pipeline)).conversation.state == "active"
    await swept(pipeline, 2 * CLOSE)
    assert (await head(pipeline)).conversation.state == "closed"


async def test_questions_that_come_early_late_twice_or_after_the_end_change_nothing() -> None:
    pipeline = await began()
    question = InactivityTimeout.model_validate_json(
        event_from(document("inactivity.timeout", {"dueAt": at(0)})).to_json()
    )
    for seconds in (1, REMIND, CLOSE, CLOSE + 1):
        pipeline.clock.advance(NOW + timedelta(seconds=seconds) - pipeline.clock.now())
        for _ in range(3):
            await pipeline.deliveries.deliver(question.to_json().encode())
    # then all was said once, in its time
    assert await texts(pipeline) == ["Hello", "Are you still there?", "Goodbye."]
    assert await pipeline.parked.parked("contoso") == []


async def test_nobody_who_waits_for_a_human_is_closed_by_the_bots_policy(
    configuration: Configuration | None = None,
) -> None:
    pipeline = await began(configuration)
    pipeline.clock.advance(timedelta(seconds=10))
    await pipeline.record(escalated(at=at(10), context_variables={"BotHandoffTopic": "CreditCard"}))
    await swept(pipeline, 10 + CLOSE)
    assert (await head(pipeline)).conversation.state == "open"
    # but by that of its queue: a day
    await swept(pipeline, 10 + 86_399)
    assert (await head(pipeline)).conversation.state == "open"
    await swept(pipeline, 10 + 86_400)
    assert (await head(pipeline)).conversation.state == "closed"


async def test_a_channels_policy_comes_before_the_work_streams() -> None:
    account = contoso().accounts[0]
    policy = {"bot": {"closeAfter": 60}}
    channel = account.channels[0].model_copy(
        update={"inactivity": type(account.channels[0].inactivity).model_validate(policy)}
    )
    quick = replace(contoso(), accounts=(replace(account, channels=(channel,)),))
    pipeline = await began(quick)
    await swept(pipeline, 60)
    assert (await head(pipeline)).conversation.state == "closed"
    assert await texts(pipeline) == ["Hello"]


@pytest.mark.parametrize(
    ("locale", "text"), [("de-AT", "Noch da?"), ("DE", "Noch da?"), ("fr", "Still there?"), (None, "Still there?")]
)
def test_texts_are_in_the_customers_language_or_the_fallback_locale(locale: str | None, text: str) -> None:
    messages = {"en": InactivityTexts(remind="Still there?"), "de": InactivityTexts(remind="Noch da?")}
    assert texts_for(InactivityPolicy(close_after=60, messages=messages), locale, "en").remind == text


async def test_a_bot_that_never_answers_is_visible_until_it_does() -> None:
    pipeline = await began()
    pipeline.clock.advance(timedelta(seconds=10))
    await pipeline.record(message(at=at(10), text="Help!"))
    await swept(pipeline, 10 + 59)
    assert (await head(pipeline)).attention is None
    await swept(pipeline, 10 + 60)
    assert (await head(pipeline)).attention == "bot-silent"
    # and no longer once it has answered
    pipeline.clock.advance(timedelta(seconds=5))
    await pipeline.record(message(at=at(10 + 65), role="bot", text="Yes?"))
    assert (await head(pipeline)).attention is None


async def test_a_start_that_never_comes_is_taken_for_granted_after_five_minutes_and_gives_way_to_the_real_one() -> None:
    pipeline = await InMemory().configured()
    await pipeline.record(escalated(at=at(0), context_variables={"BotHandoffTopic": "HomeLoan"}))
    await swept(pipeline, 299)
    assert (await head(pipeline)).conversation.queue is None
    await swept(pipeline, 300)
    conversation = (await head(pipeline)).conversation
    assert conversation.queue == "HomeLoanQueue"
    reason = "its conversation.started did not come within 5 minutes, so it was taken for started"
    assert [decision.reason for decision in conversation.decisions] == [reason, None]
    # when the real one comes after all, then it counts
    await pipeline.record(started(at=at(-5)))
    conversation = (await head(pipeline)).conversation
    assert [decision.reason for decision in conversation.decisions] == [None, None]
    assert conversation.channel is not None
    assert conversation.channel.account_id == "contoso-chat"


async def test_a_daily_conversation_goes_on_for_months_and_ends_thirty_days_after_its_last_line() -> None:
    # Given a conversation that an agent has, in which the customer writes every day
    pipeline = await InMemory().configured()
    await pipeline.record(
        started(at=at(0), context_variables={"BotHandoffTopic": "HomeLoan"}), message(at=at(1), role="agent")
    )
    day = 86_400
    for number in range(1, 70):
        await swept(pipeline, number * day)
        await pipeline.record(message(at=at(number * day), text=str(number), event_id=f"d{number}"))
        assert (await head(pipeline)).conversation.state == "active"
    await swept(pipeline, 99 * day - 1)
    assert (await head(pipeline)).conversation.state == "active"
    await swept(pipeline, 99 * day)
    conversation = (await head(pipeline)).conversation
    assert (conversation.state, conversation.closed_by, conversation.closed_reason) == (
        "closed",
        "system",
        "inactivity",
    )


async def test_a_conversation_that_nobody_looked_at_for_longer_than_the_retention_ends_all_the_same() -> None:
    pipeline = await began()
    await swept(pipeline, 400 * 86_400)
    assert (await head(pipeline)).conversation.state == "closed"
    assert await pipeline.parked.parked("contoso") == []


@pytest.mark.parametrize("channel", [THREAD, {"accountId": "contoso-chat", "channelId": "webchat"}])
@pytest.mark.parametrize("said_at", [CLOSE - 1, CLOSE, CLOSE + 60])
async def test_what_an_end_did_not_see_opens_the_next_conversation_once(channel: object, said_at: int) -> None:
    # Given a conversation that ended for silence
    pipeline = await began(channel=channel)
    await swept(pipeline, CLOSE)
    # When the customer's answer arrives after all, twice, and another line
    pipeline.clock.advance(timedelta(seconds=max(0, said_at + 1 - CLOSE)))
    lines = [message(at=at(said_at), text="Wait!"), message(at=at(said_at + 1), text="I am here")]
    await pipeline.record(lines[0], lines[0], lines[1])
    await swept(pipeline, said_at + 2)
    # Then it goes on in one other conversation, that a bot has, and the old one stays closed
    heads = (await pipeline.reading.page("contoso", Selection(), None)).heads
    by_state = {one.conversation.state: one.conversation for one in heads}
    assert len(heads) == 2
    assert by_state["active"].bot == "contoso-bot"
    assert await texts(pipeline, by_state["active"].key) == ["Wait!", "I am here"]


async def test_what_is_said_after_an_end_that_somebody_chose_is_a_late_line() -> None:
    pipeline = await began()
    pipeline.clock.advance(timedelta(seconds=6))
    await pipeline.record(ended(at=at(5)), message(at=at(6), text="Thanks"))
    await swept(pipeline, 10)
    assert len((await pipeline.reading.page("contoso", Selection(), None)).heads) == 1
    assert (await texts(pipeline))[-1] == "Thanks"


def _races() -> Iterator[list[Event]]:
    """A customer's line around the closing, and the question whether to close: every order, each up to twice."""
    question = event_from(document("inactivity.timeout", {"dueAt": at(CLOSE)}))
    for seconds in range(CLOSE - 5, CLOSE + 6):
        line = message(at=at(seconds), text="Wait!")
        for lines, questions in product((1, 2), (1, 2)):
            # A permutation of equal events is one order.
            for positions in combinations(range(lines + questions), lines):
                yield [line if place in positions else question for place in range(lines + questions)]


async def _race(pipeline: InMemory, arriving: Sequence[Event]) -> tuple[bool, bool]:
    """Whether the conversation was closed, and whether the line was left unanswered."""
    for event in arriving:
        await pipeline.deliveries.deliver(event.to_json().encode())
    await pipeline.drain()
    closed = (await head(pipeline)).conversation.state == "closed"
    answered = not closed or any(
        fact.event.data.text == "Wait!"
        for fact in (await pipeline.conversations.load("contoso", threaded("c1", 2))).facts
        if isinstance(fact.event, MessagePosted)
    )
    return closed, not answered


async def test_no_race_of_a_line_with_the_closing_leaves_it_unanswered_or_closes_wrongly(
    in_memory: Pipelines = InMemory,
) -> None:
    # Given a conversation that is due to be closed
    pipeline, races = await in_memory().configured(), list(_races())
    await pipeline.record(started(at=at(0)), message(at=at(0), role="bot", text="Hello"))
    pipeline.clock.advance(timedelta(seconds=CLOSE + 5))
    pipeline.publisher.events.clear()
    # When the customer's line and the closing race
    outcomes = [await _race(pipeline.copied(), arriving) for arriving in races]
    # Then the line is known to the closing, which does not happen, or opens the next one
    assert len(races) == 154
    assert outcomes == [(isinstance(arriving[0], InactivityTimeout), False) for arriving in races]
