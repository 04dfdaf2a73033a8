"""Deliveries: recorded, or parked with the reason; one bad message costs no other."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.conversations.fact import Fact
from shared.conversations.lists import Selection
from shared.conversations.ports import Beside, Head
from shared.errors import DocumentTooLarge, StoreUnavailable
from shared.events.catalog import Event
from shared.events.codec import encode_event
from shared.events.envelope import OWN_SOURCE, format_time
from shared.ingress import deliver
from shared.ingress.parked_event import NO_TENANT
from shared.timers.perform import CHECKED_AGAIN_AFTER
from shared.wire import replace
from tests.builders import document, ended, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.fakes import MemoryConversations

THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t|1"}


async def delivered(*events: Event) -> InMemory:
    pipeline = await InMemory().configured()
    for event in events:
        await pipeline.deliveries.deliver(encode_event(event))
    return pipeline


async def test_one_poison_event_among_a_hundred_is_parked_and_the_others_are_recorded() -> None:
    # Given 99 good events and one whose author has no role
    pipeline = await InMemory().configured()
    bodies = [encode_event(message(text=f"{n}", event_id=f"m{n}")) for n in range(99)]
    bad = document("message.posted", {"author": {"id": "u"}, "text": "?"})
    bodies.insert(50, json.dumps(bad).encode())
    # When each is delivered once
    for body in bodies:
        await pipeline.deliveries.deliver(body)
    # Then 99 are recorded, and one is parked under the field that is wrong
    assert len((await pipeline.conversations.load("contoso", "c1")).facts) == 99
    [parked] = await pipeline.parked.parked("contoso")
    assert (parked.code, parked.detail) == ("invalid_event", "data.author.role: is missing")
    assert json.loads(parked.body) == bad


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff\xfe", "invalid_event"),
        (b"{", "invalid_event"),
        (b"[]", "invalid_event"),
        (json.dumps(document("conversation.vanished", {}, tenant="nobody")).encode(), "invalid_event"),
        (json.dumps({**document("message.posted", {}), "tenantid": "nobody"}).encode(), "invalid_event"),
        (encode_event(message()).replace(b"contoso", b"nobody7"), "unknown_tenant"),
        (b"{" + b" " * 300_000 + b"}", "event_too_large"),
    ],
)
async def test_what_can_never_be_right_is_parked_without_a_tenant(body: bytes, code: str) -> None:
    # Given a body that names no tenant whom we know, when it is delivered twice
    pipeline = await InMemory().configured()
    await pipeline.deliveries.deliver(body)
    await pipeline.deliveries.deliver(body)
    # Then it is parked once, with the reason
    assert [parked.code for parked in await pipeline.parked.parked(NO_TENANT)] == [code]


async def test_a_conflict_and_a_late_event_are_parked_with_their_tenant() -> None:
    pipeline = await delivered(
        message(event_id="x"), message(event_id="x", text="other"), message(at="2020-01-01T00:00:00Z")
    )
    assert sorted(parked.code for parked in await pipeline.parked.parked("contoso")) == [
        "event_id_conflict",
        "too_late",
    ]


@pytest.mark.parametrize(
    "source", [OWN_SOURCE, f"{OWN_SOURCE}/sweep", f"{OWN_SOURCE}/", "/PatchBay", "//patchbay", "/%70atchbay"]
)
async def test_an_event_of_a_sender_that_names_our_source_is_parked(source: str) -> None:
    # Given events of each type that is stored, from whoever is connected to the bus
    events = [replace(one, source=source) for one in (started(), message(), escalated(), ended())]
    # When they are delivered, then each is parked with its reason, and nothing is recorded
    pipeline = await delivered(*events)
    assert [parked.code for parked in await pipeline.parked.parked("contoso")] == ["reserved_source"] * 4
    assert (await pipeline.conversations.load("contoso", "c1")).facts == []


async def test_a_start_under_our_name_does_not_stop_the_timers() -> None:
    # Given an event that looks like the start that Patchbay assumes, and a line of the same new conversation
    spoofed = replace(started(event_id="assumed-start"), source=OWN_SOURCE)
    pipeline = await delivered(spoofed, message(at=format_time(NOW)))
    # When the six minutes have passed after which a start is assumed
    for _ in range(3):
        pipeline.clock.advance(timedelta(minutes=6))
        await asyncio.wait_for(pipeline.sweep.run(), 10)
        await asyncio.wait_for(pipeline.drain(), 10)
    # Then it was assumed, once
    assert (await pipeline.reading.one("contoso", "c1")).conversation.started_at is not None


async def test_a_check_that_records_nothing_new_ends() -> None:
    # Given a fact that has the id of the start that is to be assumed, and says something else
    pipeline = await InMemory().configured()
    await pipeline.record(replace(message(event_id="assumed-start"), source=OWN_SOURCE))
    # When it is due, then the check ends, and the conversation is checked again later, not all the time
    pipeline.clock.advance(timedelta(minutes=6))
    assert await pipeline.sweep.run() == 1
    await asyncio.wait_for(pipeline.drain(), 10)
    assert await pipeline.sweep.run() == 0
    pipeline.clock.advance(CHECKED_AGAIN_AFTER)
    assert await pipeline.sweep.run() == 1


async def test_a_due_action_that_is_refused_parks_no_question_and_is_tried_later() -> None:
    # Given a conversation whose end cannot be stored, because its head would be too large
    class Full(MemoryConversations):
        async def commit(
            self,
            tenant_id: str,
            key: str,
            facts: Sequence[Fact],
            head: Head,
            etag: str | None,
            beside: Sequence[Beside] = (),
        ) -> tuple[Head, str]:
            if head.conversation.closed_at is not None:
                raise DocumentTooLarge(2_000_000)
            return await super().commit(tenant_id, key, facts, head, etag, beside)

    pipeline = await InMemory(conversations=Full()).configured()
    await pipeline.record(started(at=format_time(NOW)))
    # When it is due, again and again
    pipeline.clock.advance(timedelta(days=31))
    for _ in range(3):
        await pipeline.sweep.run()
        await pipeline.drain()
    # Then no question is parked, and the sweep asks again an hour later only
    assert list(await pipeline.parked.parked("contoso")) == []
    assert await pipeline.sweep.run() == 0


async def test_a_bot_that_knows_only_the_channels_thread_reaches_its_conversation() -> None:
    # Given a conversation that began with an activity of the thread
    begun = started(None, at="2026-10-05T10:00:00Z", channel=THREAD)
    # When the bot publishes its escalation for the thread, to the bus itself
    handover = escalated(
        None, "2026-10-05T10:05:00Z", channel=THREAD, context_variables={"BotHandoffTopic": "HomeLoan"}
    )
    pipeline = await delivered(begun, handover)
    # Then the thread's conversation is in the topic's queue
    [conversation] = (await pipeline.reading.page("contoso", Selection(), None)).heads
    assert conversation.conversation.queue == "HomeLoanQueue"
    assert pipeline.publisher.events == []


async def test_an_escalation_before_everything_else_opens_the_threads_conversation() -> None:
    # Given an escalation of a thread that nobody has spoken in yet
    pipeline = await delivered(escalated(None, "2026-10-05T10:05:00Z", channel=THREAD))
    # Then the conversation's start is announced, once
    assert [event.type for event in pipeline.publisher.events] == ["conversation.started"]


async def test_an_end_delivered_again_or_told_twice_opens_no_other_conversation() -> None:
    # Given a thread's conversation that ended
    begun = started(None, at="2026-10-05T10:00:00Z", channel=THREAD)
    end = ended(None, "2026-10-05T11:00:00Z", channel=THREAD)
    again = ended(None, "2026-10-05T11:00:05Z", channel=THREAD, ended_by="agent")
    # When the end is delivered twice, and another one comes
    pipeline = await delivered(begun, end, end, again)
    # Then there is one conversation
    assert len((await pipeline.reading.page("contoso", Selection(), None)).heads) == 1


async def test_a_thread_of_an_account_that_nobody_declared_is_parked() -> None:
    place: dict[str, Any] = {**THREAD, "accountId": "x" * 200}
    pipeline = await delivered(escalated(None, channel=place))
    assert [parked.code for parked in await pipeline.parked.parked("contoso")] == ["unknown_account"]


class OutOfReach(MemoryConversations):
    """A store whose commits fail."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "code", "stack"),
    [
        (StoreUnavailable("silent"), "store_unavailable", False),
        (KeyError("what a customer wrote"), "KeyError", True),
    ],
)
async def test_a_delivery_that_fails_is_logged_with_what_it_failed_of_and_without_what_was_said(
    caplog: pytest.LogCaptureFixture, failure: Exception, code: str, *, stack: bool
) -> None:
    # Given a store that fails
    pipeline = await InMemory(conversations=OutOfReach(failure)).configured()
    # When an event is delivered, then it fails, for the bus to deliver it again
    with pytest.raises(type(failure)):
        await pipeline.deliveries.deliver(encode_event(started()))
    # and one line says what failed of what; of a bug it says where
    [record] = [one for one in caplog.records if one.name == deliver.__name__]
    assert record.getMessage().startswith(f"a delivery failed: {code} (conversation.started)")
    assert (vars(record)["type"], vars(record)["code"]) == ("conversation.started", code)
    assert ("in commit" in record.getMessage()) is stack
    assert "wrote" not in record.getMessage()
