"""The course of a conversation where its configuration, its start or those who have it make it hard to tell."""

from datetime import timedelta

from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.events.catalog import Event
from shared.events.envelope import format_time
from shared.tenants.configuration import Configuration
from shared.tenants.history import Version
from tests.builders import ended, fact_of, history, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.conversations.spans import THREAD, counted, happening, minutes, tenant, timers_until


def at(minute: float) -> str:
    return format_time(NOW + minutes(minute))


def said(minute: float, role: str = "customer", author_id: str | None = None) -> Event:
    return message(at=at(minute), role=role, author_id=author_id)


def folded(configuration: Configuration, *events: Event) -> Conversation:
    begun = started(at=at(0), channel={"accountId": "acc", "channelId": "ch"})
    facts = [fact_of(event, NOW + timedelta(days=1)) for event in (begun, *events)]
    return fold("contoso", "c1", facts, history(configuration))


def test_who_had_it_at_first_counts_however_often_it_changed_hands() -> None:
    # Given a line of the bot after the time at which silence would have ended the conversation
    until_16 = [said(0), said(1, "bot"), said(18, "bot", "second-bot")]
    agents = [said(19 + n, "agent", f"agent-{n % 2}") for n in range(30)]
    alone = folded(tenant(), *until_16, ended(at=at(60)))
    # When the conversation changes hands more often than it keeps
    often = folded(tenant(), *until_16, said(18.5), *agents, ended(at=at(60)))
    # Then that line is one at the end in both
    assert len(often.stays) < len(agents)
    assert often.bot_activity == alone.bot_activity
    assert [(one.bot, one.at) for one in alone.bot_activity.invocations][-1] == ("second-bot", NOW + minutes(16))


async def test_what_ends_a_conversation_early_counts_from_its_start_also_for_lines_dated_before_it() -> None:
    pipeline = await InMemory().configured(tenant(fail_over=2))
    pipeline.clock.advance(minutes(20))
    channel = {"accountId": "acc", "channelId": "ch"}
    # Given a start that is dated after the customer's line, and an end
    await pipeline.record(said(0), started(at=at(10), channel=channel), ended(at=at(11)))
    # When an answer of the bot comes that is dated between them
    await pipeline.record(said(5, "bot"))
    # Then the head that is stored is what the facts give, and the bot has it
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    head = await pipeline.reading.one("contoso", "c1")
    assert head.conversation.last_holder is not None
    assert head.conversation.last_holder.kind == "bot"


async def test_a_policy_that_becomes_longer_meanwhile_holds_and_no_delay_adds_a_session() -> None:
    # Given silence that ends a conversation after 15 minutes, and after 60 from minute 5 on
    pipeline = await InMemory().configured(tenant())
    later = Version(2, NOW + minutes(5), tenant(bot=60))
    await pipeline.configuration_store.add("contoso", later)
    # When the customer's next line arrives after the conversation ended, and counts before
    for one in (happening("customer", 0), happening("bot", 1), happening("customer", 30, 70)):
        await timers_until(pipeline, one.stored)
        await pipeline.deliveries.deliver(one.event().to_json().encode())
        await pipeline.drain()
    await timers_until(pipeline, 45 * 24 * 60)
    # Then what begins with it continues the conversation
    assert await counted(pipeline) == 1


async def test_a_start_that_is_too_late_is_in_no_thread() -> None:
    pipeline = await InMemory().configured(tenant())
    too_late = started(at=format_time(NOW - timedelta(days=4000)), channel=THREAD)
    await pipeline.deliveries.deliver(too_late.to_json().encode())
    assert [one.code for one in await pipeline.parked.parked("contoso")] == ["too_late"]
    assert await pipeline.threads.known("contoso", too_late.data.channel) == []


async def test_a_conversation_by_a_clock_that_is_ahead_comes_before_the_next_one() -> None:
    pipeline = await InMemory().configured(tenant())
    ahead = started("c1", at=at(60), channel=THREAD)
    await pipeline.deliveries.deliver(ahead.to_json().encode())
    pipeline.clock.advance(minutes(5))
    await pipeline.deliveries.deliver(started("c2", at=at(5), channel=THREAD).to_json().encode())
    assert await pipeline.threads.known("contoso", ahead.data.channel) == ["c2", "c1"]
