"""Silence is judged by who has the conversation and whose word is awaited: nobody is closed who waits for us."""

from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.ports import Head, Loaded
from shared.errors import InvalidConfiguration
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.routing.explain import explain
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration
from shared.wire import replace
from tests.builders import CONTOSO, contoso, ended, escalated, message, small, started
from tests.conversations.pipelines import NOW, InMemory
from tests.fakes import MemoryConversations

DAY = 86_400


def at(seconds: float) -> str:
    return format_time(NOW + timedelta(seconds=seconds))


async def moved(pipeline: InMemory, seconds: float) -> None:
    """Move the clock to so many seconds after NOW."""
    pipeline.clock.advance(NOW + timedelta(seconds=seconds) - pipeline.clock.now())


async def swept(pipeline: InMemory, seconds: float) -> None:
    """Move the clock, sweep, and deliver what was published until nothing is left."""
    await moved(pipeline, seconds)
    await pipeline.sweep.run()
    await pipeline.drain()


async def said(pipeline: InMemory, seconds: float, role: str, **data: Any) -> None:
    """Somebody's line arrives at once."""
    await moved(pipeline, seconds)
    await pipeline.record(message(at=at(seconds), role=role, **data))


async def head(pipeline: InMemory) -> Head:
    return await pipeline.reading.one("contoso", "c1")


async def listed_attention(pipeline: InMemory) -> str | None:
    """What a list shows of the conversation."""
    loaded = await pipeline.conversations.load("contoso", "c1")
    assert loaded.head is not None
    return loaded.head.attention


async def state(pipeline: InMemory) -> str:
    return (await head(pipeline)).conversation.state


async def texts(pipeline: InMemory) -> list[str | None]:
    return [line.text for line in await pipeline.lines("c1", "customer")]


def with_inactivity(**policies: Any) -> Configuration:
    stream = contoso().work_streams[0]
    inactivity = type(stream.inactivity).model_validate(policies)
    return contoso().model_copy(update={"work_streams": (stream.model_copy(update={"inactivity": inactivity}),)})


def failing_over(after: int = 120, queue: str = "GeneralQueue") -> Configuration:
    bot = contoso().bots[0]
    changed = type(bot).model_validate({**bot.model_dump(by_alias=True), "failOver": {"after": after, "queue": queue}})
    return replace(contoso(), bots=(changed, *contoso().bots[1:]))


async def test_what_arrives_an_hour_late_closes_nobody() -> None:
    # Given a backlog: the lines of 11:00 arrive at 12:00, in one minute
    pipeline = await InMemory().configured()
    await pipeline.record(
        started(at=at(-3600)), message(at=at(-3600), text="Hello?"), message(at=at(-3590), role="bot", text="Yes?")
    )
    # When the sweep runs, then nobody is reminded or closed before the customer had the time to answer
    await swept(pipeline, 1)
    assert (await state(pipeline), await texts(pipeline)) == ("active", ["Hello?", "Yes?"])
    await swept(pipeline, 300)
    assert await texts(pipeline) == ["Hello?", "Yes?", "Are you still there?"]
    await swept(pipeline, 900)
    assert await state(pipeline) == "closed"
    # and the goodbye has the time at which it was decided
    assert (await head(pipeline)).conversation.closed_at == NOW + timedelta(seconds=900)


async def test_a_line_that_arrives_late_gives_its_customer_the_time_that_any_other_gives() -> None:
    # Given a customer who waits in a queue that closes after a day, and a line between that arrives on the next day
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(-9)), escalated(at=at(-5), context_variables={"BotHandoffTopic": "CreditCard"}))
    await moved(pipeline, DAY - 60)
    await pipeline.record(message(at=at(-7), text="And it is urgent"))
    # When the day is over, then nobody is closed whose line has just come
    await swept(pipeline, DAY + 60)
    assert await state(pipeline) == "open"
    await swept(pipeline, 2 * DAY)
    assert await state(pipeline) == "closed"


async def test_a_customer_whose_bot_never_answers_is_neither_reminded_nor_closed() -> None:
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0)), message(at=at(0), text="Help!"))
    for seconds in (60, 300, 900, DAY, 29 * DAY):
        await swept(pipeline, seconds)
        assert (await state(pipeline), await texts(pipeline)) == ("active", ["Help!"])
        assert (await head(pipeline)).attention == "bot-silent"
    # but nothing goes on for ever
    await swept(pipeline, 30 * DAY)
    assert await state(pipeline) == "closed"


async def test_a_bot_that_falls_silent_in_the_middle_is_listed_within_minutes() -> None:
    # Given a conversation whose bot has answered so far
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0)))
    for seconds in range(0, 200, 20):
        await said(pipeline, seconds, "customer")
        await said(pipeline, seconds + 5, "bot")
        await swept(pipeline, seconds + 6)
    # When it leaves the customer without an answer
    await said(pipeline, 230, "customer")
    for seconds in range(240, 240 + 360, 10):
        await swept(pipeline, seconds)
    # Then the list of conversations says so, although nobody asked about this one
    stored = await pipeline.conversations.read_head("contoso", "c1")
    assert stored is not None
    assert stored[0].attention == "bot-silent"
    assert "Are you still there?" not in await texts(pipeline)


async def test_an_agent_who_wrote_has_the_conversation_and_the_queues_timer_closes_it_no_more() -> None:
    # Given a queue that closes after a day
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0)), escalated(at=at(1), context_variables={"BotHandoffTopic": "CreditCard"}))
    assert await state(pipeline) == "open"
    # When an agent writes that the answer comes tomorrow
    await said(pipeline, 60, "agent", text="I'll write tomorrow")
    conversation = (await head(pipeline)).conversation
    assert (conversation.state, conversation.agent, conversation.queue) == ("active", "ana", "CreditCardQueue")
    # Then it is open days later
    await swept(pipeline, 3 * DAY)
    assert await state(pipeline) == "active"


async def test_a_policy_for_agents_closes_a_customer_who_owes_the_agent_an_answer() -> None:
    policy = {"remindAfter": 60, "closeAfter": 120, "messages": {"en": {"remind": "Still there?", "close": "Bye"}}}
    pipeline = await InMemory().configured(with_inactivity(agent=policy))
    await pipeline.record(started(at=at(0), context_variables={"BotHandoffTopic": "CreditCard"}))
    # Given a customer who waits for the agent
    await said(pipeline, 1, "agent", text="Hello")
    await said(pipeline, 10, "customer", text="When?")
    await swept(pipeline, 1000)
    assert (await state(pipeline), (await head(pipeline)).attention) == ("active", "agent-silent")
    # When the agent asks back, then the customer is reminded and closed
    await said(pipeline, 1001, "agent", text="Today?")
    await swept(pipeline, 1061)
    assert (await texts(pipeline))[-1] == "Still there?"
    await swept(pipeline, 1121)
    assert (await state(pipeline), (await texts(pipeline))[-1]) == ("closed", "Bye")


async def test_who_waits_in_a_queue_is_closed_by_its_policy_alone_and_never_reminded() -> None:
    # Given a queue that would remind
    policy = {"remindAfter": 60, "closeAfter": 1200, "messages": {"en": {"remind": "Still there?"}}}
    pipeline = await InMemory().configured(with_inactivity(open=policy))
    await pipeline.record(started(at=at(0), context_variables={"BotHandoffTopic": "CreditCard"}))
    # When nobody takes the conversation
    await swept(pipeline, 599)
    assert (await head(pipeline)).attention is None
    await swept(pipeline, 600)
    # Then a supervisor sees it
    assert ((await head(pipeline)).attention, await texts(pipeline)) == ("waiting-long", [])
    await swept(pipeline, 1200)
    assert await state(pipeline) == "closed"


async def test_without_a_policy_for_queues_nobody_who_waits_is_closed_before_thirty_days() -> None:
    pipeline = await InMemory().configured(with_inactivity())
    await pipeline.record(started(at=at(0), context_variables={"BotHandoffTopic": "CreditCard"}))
    await swept(pipeline, 29 * DAY)
    assert await state(pipeline) == "open"


@pytest.mark.parametrize(
    "line",
    [
        message(at=at(100), role="bot", visibility="private"),
        message(at=at(100), role="agent", visibility="private"),
        message(at=at(100), author={"role": "bot", "id": "contoso-bot", "smartAssist": True}),
        message(at=at(100), role="system"),
    ],
)
async def test_what_the_customer_does_not_see_changes_neither_turn_nor_silence(line: Event) -> None:
    # Given a customer who owes the bot an answer, and one who waits for it
    for role, text in (("bot", "Are you still there?"), ("customer", None)):
        pipeline = await InMemory().configured()
        await pipeline.record(started(at=at(0)), message(at=at(0), role=role, text="Hello"))
        # When something is said that the customer does not see
        await moved(pipeline, 100)
        await pipeline.record(line)
        # Then the one is reminded at the time that the bot's line set, the other one never
        await swept(pipeline, 300)
        assert ("Are you still there?" in await texts(pipeline)) is (text is not None)


async def test_another_bots_line_is_no_answer_of_the_bot_that_has_the_conversation() -> None:
    # Given a second bot, to which the first one's escalation led
    bots = [{"id": "first", "name": "First"}, {"id": "second", "name": "Second"}]
    two = small(
        tenant_id="contoso",
        bots=bots,
        queues=[
            {"id": "Q", "members": [{"bot": "first", "capacity": 2}]},
            {"id": "R", "members": [{"bot": "second", "capacity": 2}]},
        ],
        work_streams=[
            {
                "id": "W",
                "mode": "push",
                "fallbackQueue": "Q",
                "contextVariables": [{"name": "Topic", "type": "text"}],
                "rules": [{"name": "R", "when": {"variable": "Topic", "operator": "hasData"}, "queue": "R"}],
                "inactivity": {"bot": {"closeAfter": 300}},
            }
        ],
    )
    pipeline = await InMemory().configured(two)
    await pipeline.record(
        started(at=at(0)),
        message(at=at(1), text="Loan"),
        escalated(at=at(2), bot_id="first", context_variables={"Topic": "Loan"}),
        message(at=at(3), role="bot", author_id="first", text="Somebody else will help you"),
    )
    # Then the customer waits for the second one
    await swept(pipeline, 1000)
    assert (await state(pipeline), (await head(pipeline)).attention) == ("active", "bot-silent")
    await said(pipeline, 1001, "bot", author_id="second")
    await swept(pipeline, 1301)
    assert await state(pipeline) == "closed"


async def test_a_bot_that_does_not_answer_is_failed_over_to_people_and_the_routing_says_so() -> None:
    # Given a bot with a fail-over after 120 s
    pipeline = await InMemory().configured(failing_over())
    await pipeline.record(started(at=at(0)), message(at=at(1), role="bot", text="Hello"))
    await said(pipeline, 100, "customer", text="Help!")
    for seconds in (219, 220):
        await swept(pipeline, seconds)
    # Then people have it, and it is explained
    conversation = (await head(pipeline)).conversation
    assert (conversation.state, conversation.bot, conversation.queue) == ("open", None, "GeneralQueue")
    decision = (await pipeline.reading.decisions("contoso", "c1"))[-1].decision
    assert (decision.outcome, decision.queue, decision.cause.bot) == ("failedOver", "GeneralQueue", "contoso-bot")
    # and the bot does not get it back, whatever it says later
    await moved(pipeline, 230)
    await pipeline.record(escalated(at=at(230), context_variables={"BotHandoffTopic": "CreditCard"}))
    conversation = (await head(pipeline)).conversation
    assert (conversation.queue, conversation.warnings[-1].code) == ("GeneralQueue", "escalation_without_effect")


async def test_the_explanation_of_a_fail_over_says_how_long_people_were_waited_for() -> None:
    # Given a conversation that people took over
    pipeline = await InMemory().configured(failing_over())
    await pipeline.record(started(at=at(0)), message(at=at(1), role="bot", text="Hello"))
    await said(pipeline, 100, "customer", text="Help!")
    await swept(pipeline, 220)

    async def explained() -> list[str]:
        return explain((await pipeline.reading.decisions("contoso", "c1"))[-1])[2:]

    # Then it is open until an agent answers
    assert await explained() == ["It is open there until a human takes it."]
    await said(pipeline, 230, "agent", author_id="ana")
    told = f"It was open there until agent ana answered at {at(230)}."
    assert await explained() == [told, "Agent ana has it, who was the last to answer."]
    # and the end is told, too
    await moved(pipeline, 240)
    await pipeline.record(ended(at=at(240)))
    assert await explained() == [told, f"The customer ended it at {at(240)} (resolved)."]


async def test_a_customer_is_failed_over_who_asks_long_after_the_beginning() -> None:
    # Given a bot that does not greet, as `attention` says by then, and a customer who asks minutes later
    pipeline = await InMemory().configured(failing_over())
    await pipeline.record(started(at=at(0)))
    await swept(pipeline, 61)
    assert (await head(pipeline)).attention == "bot-silent"
    await said(pipeline, 300, "customer")
    # When the bot answers nothing, then people have the customer after two minutes
    await swept(pipeline, 421)
    assert (await head(pipeline)).conversation.queue == "GeneralQueue"


async def test_who_went_on_to_people_waits_since_then_whatever_is_said_meanwhile() -> None:
    # Given a customer who goes on to people, and writes once more minutes later
    pipeline = await InMemory().configured(failing_over())
    await pipeline.record(started(at=at(0)))
    await said(pipeline, 1, "customer")
    await swept(pipeline, 121)
    await said(pipeline, 600, "customer")
    # When nobody answered for ten minutes, then a supervisor sees it
    await swept(pipeline, 722)
    assert (await head(pipeline)).attention == "waiting-long"


async def test_who_waits_for_people_stays_listed_whatever_a_bot_says_in_front_of_them() -> None:
    # Given a customer who waits for people, as a supervisor sees
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0), context_variables={"BotHandoffTopic": "CreditCard"}))
    await said(pipeline, 1, "customer")
    await swept(pipeline, 602)
    assert await listed_attention(pipeline) == "waiting-long"
    # When a bot says something for the first time, and the customer writes under another name, then nobody answered
    await said(pipeline, 700, "bot")
    assert await listed_attention(pipeline) == "waiting-long"
    await said(pipeline, 710, "customer", author={"role": "customer", "id": "customer-1", "name": "Zoë B."})
    assert await listed_attention(pipeline) == "waiting-long"
    # and an agent's answer is one
    await said(pipeline, 720, "agent")
    assert await listed_attention(pipeline) is None


async def test_nobody_is_failed_over_who_said_nothing_or_was_answered() -> None:
    for said_by in ("bot", None):
        pipeline = await InMemory().configured(failing_over())
        await pipeline.record(started(at=at(0)))
        if said_by:
            await said(pipeline, 1, "customer")
            await said(pipeline, 2, said_by)
        for seconds in (60, 130, 200, 310):
            await swept(pipeline, seconds)
        assert (await head(pipeline)).conversation.bot == "contoso-bot"


async def test_a_fail_over_stays_decided_when_the_bots_answer_arrives_late() -> None:
    # Given a bot whose answer was given in time, but arrives after the fail-over
    pipeline = await InMemory().configured(failing_over())
    await pipeline.record(started(at=at(0)), message(at=at(0), text="Help!"))
    await swept(pipeline, 120)
    await pipeline.record(message(at=at(10), role="bot", text="Here I am"))
    # Then people still have it
    assert (await head(pipeline)).conversation.queue == "GeneralQueue"


async def test_a_fail_over_to_a_queue_that_nobody_declares_is_a_mistake_with_its_path() -> None:
    text = CONTOSO.decode().replace(
        "appId: 7d0cae1c-0000-4000-8000-000000000001}",
        "appId: 7d0cae1c-0000-4000-8000-000000000001, failOver: {after: 60, queue: GenralQueue}}",
    )
    with pytest.raises(InvalidConfiguration) as refused:
        decode_configuration("contoso", text.encode())
    assert [one.path for one in refused.value.mistakes] == ["bots[0].failOver.queue"]


@pytest.mark.parametrize("seconds", [300, 900])
async def test_an_answer_that_is_stored_while_a_reminder_or_an_end_is_decided_overtakes_it(seconds: int) -> None:
    # Given a store in which the customer's answer is recorded right after the timer has loaded the conversation
    class Answered(MemoryConversations):
        between: Any = None

        async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
            loaded = await super().load(tenant_id, key, decisions=decisions)
            if (answer := self.between) is not None:
                self.between = None
                await answer()
            return loaded

    store = Answered()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(at=at(0)), message(at=at(0), role="bot", text="Hello"))
    if seconds == 900:
        await swept(pipeline, 300)
    await moved(pipeline, seconds)

    async def answer() -> None:
        # The end is another process's, so it changes the head, as an agent's line does.
        await pipeline.record(message(at=at(seconds), role="agent", text="Let me help"))

    store.between = answer
    before = await texts(pipeline)
    await pipeline.sweep.run()
    await pipeline.drain()
    # Then the reminder, or the end, is not recorded any more
    assert (await texts(pipeline), await state(pipeline)) == ([*before, "Let me help"], "active")


async def test_an_end_says_what_it_knew() -> None:
    pipeline = await InMemory().configured()
    await pipeline.record(started(at=at(0)), message(at=at(0), role="bot", event_id="m1"))
    await swept(pipeline, 900)
    loaded = await pipeline.conversations.load("contoso", "c1")
    [end] = [fact for fact in loaded.facts if fact.event.ends_conversation]
    newest = next(fact for fact in loaded.facts if fact.event.id == "m1")
    assert end.event.data.model_dump(by_alias=True)["lastSeen"]["factId"] == newest.id
    assert ended().data.last_seen is None
