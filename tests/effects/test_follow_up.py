"""What an end did not know of goes on in the thread's next conversation, in one effect however much it is."""

from datetime import timedelta

from shared.conversations.conversation import Conversation
from shared.conversations.effect import FollowUp
from shared.conversations.fold import fold
from shared.effects.reconcile import reconcile
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.envelope import format_time, parse_time
from shared.events.types.message_posted import MessagePosted
from tests.builders import contoso, ended, fact_of, history, message, started
from tests.conversations.pipelines import InMemory

THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}
END = parse_time("2026-10-05T11:00:00Z")
NOW = END + timedelta(days=1)
BEFORE = (started(channel=THREAD), ended(at=format_time(END)))


def said(number: int) -> MessagePosted:
    return message(event_id=f"m{number}", at=format_time(END + timedelta(seconds=number)))


def folded(*events: Event) -> Conversation:
    return fold("contoso", "c1", [fact_of(event, NOW) for event in (*BEFORE, *events)], history(contoso()))


def follow_ups(before: Conversation | None, after: Conversation, newest: Event) -> list[str | None]:
    """The facts that effects name; None for all that go on."""
    effects = reconcile(before, after, 2, fact_of(newest, NOW)).values()
    return [effect.fact_id for effect in effects if isinstance(effect, FollowUp)]


def test_many_lines_go_on_in_one_effect_and_each_later_one_by_itself() -> None:
    # Given 100 lines after the end, then one more, then two at once, then one before all
    many = [said(number) for number in range(100, 200)]
    assert folded(*many).unseen is not None
    # When the difference is made, then an effect names a fact only where no other one is new
    assert follow_ups(None, folded(*many), many[-1]) == [None]
    assert follow_ups(folded(*many), folded(*many, said(200)), said(200)) == [fact_of(said(200), NOW).id]
    assert follow_ups(folded(*many), folded(*many, said(200), said(201)), said(201)) == [None]
    assert follow_ups(folded(*many), folded(*many, said(1)), said(1)) == [None]
    # and nothing goes on again
    assert follow_ups(folded(*many), folded(*many), many[-1]) == []


async def check_that_what_was_stored_meanwhile_goes_on(pipeline: InMemory) -> None:
    # Given a conversation that went on after its end, and a line that is stored, but not folded yet
    await pipeline.configured()
    await pipeline.record(*BEFORE, said(2))
    await pipeline.conversations.append("contoso", conversation_key("c1"), [fact_of(said(3), NOW)])
    # When an earlier line is recorded, for which all facts are folded
    await pipeline.record(said(1))
    # Then all have been repeated in the next conversation
    repeated = {event.id for event in pipeline.publisher.events if isinstance(event, MessagePosted)}
    assert repeated == {"m1", "m2", "m3"}


async def test_what_was_stored_meanwhile_goes_on_too() -> None:
    await check_that_what_was_stored_meanwhile_goes_on(InMemory())


async def test_what_was_stored_before_a_crash_goes_on_when_it_is_delivered_again() -> None:
    # Given a line after the end that is stored and not folded, because its process died
    pipeline = await InMemory().configured()
    await pipeline.record(*BEFORE, said(1))
    await pipeline.conversations.append("contoso", conversation_key("c1"), [fact_of(said(2), NOW)])
    # When the next line is recorded, and then the bus delivers that line again
    await pipeline.record(said(3), said(2))
    # Then all have been repeated in the next conversation
    repeated = {event.id for event in pipeline.publisher.events if isinstance(event, MessagePosted)}
    assert repeated == {"m1", "m2", "m3"}
