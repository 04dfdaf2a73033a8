"""Repeats what a conversation's end did not know of in the thread's next conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect, FollowUp
from shared.conversations.extent import extent_of
from shared.conversations.fact import Fact
from shared.conversations.ports import ConversationStore
from shared.effects.handler import Done
from shared.threads.resolve import Threads
from shared.threads.thread import ThreadedConversation


@dataclass(frozen=True)
class FollowUpHandler:
    """Performs `FollowUp`. Each fact keeps its source and id, so it is recorded once, however often it is repeated."""

    conversations: ConversationStore
    threads: Threads

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done:
        assert isinstance(effect, FollowUp), "a handler gets effects of its kind"
        ended = ThreadedConversation(
            conversation_id=conversation.conversation_id,
            opened_at=conversation.started_at or effect.ended_at,
            customer=effect.customer,
            closed_at=effect.ended_at,
            announced=True,
        )
        for fact in await self._going_on(tenant_id, conversation, effect.fact_id):
            await self.threads.follow_up(tenant_id, effect.channel, ended, fact.event, fact.at)
        return Done()

    async def _going_on(self, tenant_id: str, conversation: Conversation, fact_id: str | None) -> Sequence[Fact]:
        """The fact of the id, or all that go on, in order."""
        if fact_id is not None:
            fact = await self.conversations.read_fact(tenant_id, conversation.key, fact_id)
            assert fact is not None, "a fact that was folded is stored"
            return [fact]
        if conversation.unseen is None:
            return []
        return extent_of((await self.conversations.load(tenant_id, conversation.key)).facts).going_on
