"""A bot that is declared to advise the agent is no session, and the customer sees nothing of it."""

from shared.tenants.configuration import Bot
from shared.tenants.history import Version
from shared.wire import replace
from tests.builders import contoso, ended, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.conversations.test_races import differences
from tests.conversations.test_record import Spied

HUMANS = {"BotHandoffTopic": "HomeLoan"}
ADVISER = Bot(id="adviser", name="Adviser", app_id="7d0cae1c-0000-4000-8000-0000000000aa", smart_assist=True)
DECLARED = replace(contoso(), bots=(*contoso().bots, ADVISER))
ADVICE = message(at="2026-10-05T10:01:00Z", role="bot", author_id=f"28:{ADVISER.app_id}", text="Offer a new card")


async def test_a_bot_that_is_declared_to_advise_is_no_invocation(in_memory: Pipelines = InMemory) -> None:
    # given a conversation with people alone, in which a bot that is declared so advises the agent
    pipeline = await in_memory().configured(DECLARED)
    await pipeline.record(started(context_variables=HUMANS), ADVICE, ended(at="2026-10-05T10:02:00Z"))
    outcome = await pipeline.outcome()
    # then nothing is billed, and no turn is counted
    assert outcome["head"]["botSession"] is None
    loaded = (await pipeline.conversations.load("contoso", "c1")).head
    assert loaded is not None
    activity = loaded.conversation.bot_activity
    assert (activity.smart_assist, activity.invocations, activity.turns) == (True, (), {})
    assert await differences(pipeline) == []


async def test_only_the_agent_sees_what_a_declared_adviser_says() -> None:
    # given a line that its sender calls public
    pipeline = await InMemory().configured(DECLARED)
    await pipeline.record(started(), ADVICE)
    # then the customer's copy lacks it, and the agent's says what it is
    assert await pipeline.lines("c1", "customer") == []
    [line] = await pipeline.lines("c1", "agent")
    assert (line.visibility, line.author.smart_assist) == ("private", True)


async def test_the_declaration_of_the_lines_own_time_counts() -> None:
    # given a bot that is declared an adviser only after it spoke
    pipeline = await InMemory().configured()
    await pipeline.configuration_store.add("contoso", Version(2, NOW, DECLARED))
    await pipeline.record(started(context_variables=HUMANS), ADVICE)
    # then its line was a bot's like any other
    loaded = (await pipeline.conversations.load("contoso", "c1")).head
    assert loaded is not None
    assert len(loaded.conversation.bot_activity.invocations) == 1
    assert len(await pipeline.lines("c1", "customer")) == 1


async def test_the_second_advice_is_only_appended() -> None:
    store = Spied()
    pipeline = await InMemory(conversations=store).configured(DECLARED)
    await pipeline.record(started(), ADVICE)
    store.asked.clear()
    await pipeline.record(message(at="2026-10-05T10:01:30Z", role="bot", author_id="adviser"))
    assert store.asked == ["append", "read_head"]
    assert await differences(pipeline) == []
