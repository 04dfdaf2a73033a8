"""Closes a conversation's interval in its channel's thread."""

from dataclasses import dataclass

from shared.conversations.conversation import Conversation
from shared.conversations.effect import CloseThread, Effect
from shared.effects.handler import Done
from shared.threads.resolve import Threads


@dataclass(frozen=True)
class CloseThreadHandler:
    """Performs `CloseThread`. An end only ever moves to an earlier time, so a performer that stalled does no harm."""

    threads: Threads

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done:
        assert isinstance(effect, CloseThread), "a handler gets effects of its kind"
        await self.threads.close(tenant_id, effect.channel, conversation.conversation_id, effect.at)
        return Done()
