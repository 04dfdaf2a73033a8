"""What a thread tells its conversations reaches them, also where the thread forgot what it told before."""

from datetime import timedelta

from shared.clock import MovableClock
from shared.conversations.conversation import Conversation
from shared.conversations.effect import TellThread
from shared.effects.handler import Done
from shared.effects.tell_thread import TellThreadHandler
from shared.errors import EventIdConflict
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference, Customer, Holder
from shared.events.pseudonym import Pseudonyms
from shared.events.types.session_settled import SessionSettled
from shared.threads.resolve import Beginning, Threads
from shared.threads.span import Share
from tests.builders import PSEUDONYMS, started
from tests.conversations.pipelines import NOW
from tests.fakes import MemoryOverflow, MemoryPublisher, MemoryThreads

CHANNEL = ChannelReference(account_id="contoso-telegram", channel_id="telegram", thread_id="4711")
ANNA = Customer(id="anna")


class Told:
    """Records what conversations are told: of one id one content, as the recorder does."""

    def __init__(self) -> None:
        self.events: dict[tuple[str | None, str], SessionSettled] = {}

    async def record_if_known(self, tenant_id: str, event: SessionSettled) -> None:
        if self.events.setdefault((event.subject, event.id), event) != event:
            raise EventIdConflict(event.id)


async def pseudonyms(_: str) -> Pseudonyms:
    return PSEUDONYMS


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


async def test_a_conversation_that_a_line_kept_from_being_forgotten_is_told_again_what_it_counts_as() -> None:
    # Given a conversation that continues the one before, and was told so
    clock, told = MovableClock(NOW), Told()
    threads = Threads(MemoryThreads(), pseudonyms, MemoryPublisher(), MemoryOverflow())
    handler = TellThreadHandler(threads, told, clock)

    async def perform(conversation_id: str, share: Share) -> None:
        conversation = Conversation(
            tenant_id="contoso", conversation_id=conversation_id, key=conversation_key(conversation_id)
        )
        assert await handler.perform("contoso", conversation, TellThread(channel=CHANNEL, share=share)) == Done()

    first = (await threads.resolve("contoso", CHANNEL, NOW, Beginning(ANNA))).conversation_id
    holder = Holder(kind="bot", id="contoso-bot")
    closed = Share(revision=1, begins=NOW, closed_at=NOW + minutes(5), open_until=NOW + minutes(20), holder=holder)
    await perform(first, closed)
    second = (await threads.resolve("contoso", CHANNEL, NOW + minutes(10), Beginning(ANNA))).conversation_id
    own = Share(revision=1, begins=NOW + minutes(10))
    await perform(second, own)
    assert [(event.subject, event.id) for event in told.events.values()] == [(second, "settled:1")]
    # When the thread forgets it, while a line keeps the conversation, which is in its thread again then
    await threads.forget("contoso", CHANNEL, second)
    again = started(second, channel=CHANNEL.model_dump(by_alias=True), at="2026-10-05T10:10:00Z")
    await threads.register("contoso", again, NOW + minutes(10))
    clock.advance(minutes(60))
    await perform(second, Share(revision=2, begins=NOW + minutes(10)))
    # Then it is told once more, in the next telling, and a repetition tells nothing new
    assert [event.id for event in told.events.values()] == ["settled:1", "settled:2"]
    assert all(event.data.continues for event in told.events.values())
    await perform(second, Share(revision=2, begins=NOW + minutes(10)))
    assert len(told.events) == 2
