"""Tells a thread what one of its conversations counts as by itself, and the others what follows from that."""

from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect, TellThread
from shared.effects.handler import Done, KeptOut
from shared.errors import EventIdConflict
from shared.events.data import ChannelReference
from shared.events.types.session_settled import SessionSettled
from shared.threads.resolve import Threads
from shared.threads.telling import settled_event, settled_events


class Recording(Protocol):
    """Records what Patchbay says of a conversation."""

    async def record_if_known(self, tenant_id: str, event: SessionSettled) -> None:
        """Record the event, unless its conversation was forgotten. Raises EventIdConflict."""
        ...


@dataclass(frozen=True)
class TellThreadHandler:
    """Performs `TellThread`. It is done when every conversation of the thread was told what it counts as."""

    threads: Threads
    recording: Recording
    clock: Clock

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        assert isinstance(effect, TellThread), "a handler gets effects of its kind"
        told = conversation.conversation_id, effect.share
        before, after = await self.threads.share(tenant_id, effect.channel, *told, self.clock.now())
        if (newer := after.newer_revision(*told)) is not None:
            return KeptOut(newer)
        # Whoever performs this effect again may have told only some of them.
        for event in settled_events(tenant_id, after, unless_told_by=None if after == before else before):
            await self._tell(tenant_id, effect.channel, event)
        return Done()

    async def _tell(self, tenant_id: str, channel: ChannelReference, event: SessionSettled) -> None:
        try:
            await self.recording.record_if_known(tenant_id, event)
        except EventIdConflict:
            # The thread had forgotten the conversation, and with it what it told, when a line kept the conversation.
            again = await self.threads.tell_again(tenant_id, channel, event.subject or "", self.clock.now())
            if again is None or again.settled.number == event.data.revision:
                raise
            await self._tell(tenant_id, channel, settled_event(tenant_id, again))
