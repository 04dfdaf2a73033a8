"""Answering the question whether a conversation has been silent for too long."""

from dataclasses import dataclass, replace

from shared.clock import Clock
from shared.conversations.due_actions import look
from shared.conversations.ports import ConversationStore
from shared.conversations.record import Recorder
from shared.effects.archive import Archivist
from shared.effects.outbox import Outbox
from shared.errors import EventIdConflict, HeadChanged
from shared.events.conversation_key import conversation_key
from shared.retry import retrying
from shared.tenants.history import Configurations


@dataclass(frozen=True)
class Attendant:
    """Looks at conversations whose time has come. Asking too early, late or twice changes nothing."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    outbox: Outbox
    archivist: Archivist
    clock: Clock

    async def look_after(self, tenant_id: str, conversation_id: str, *, sweeping: bool = False) -> None:
        """Do what is due, or note when to look again.

        Due may be a fact to record (a reminder, an end, a start that never came), or, after the end, to archive the
        conversation or to forget it. `sweeping`: the sweep asks, which saw the conversation's head.
        """
        key = conversation_key(conversation_id)
        while await retrying(HeadChanged, self._recorded, tenant_id, key, sweeping):
            # What was recorded may make something else due, or tell when to look again.
            continue

    async def _recorded(self, tenant_id: str, key: str, sweeping: bool) -> bool:
        """Whether a look found something, which is done by now; else the head says when to look again."""
        history = await self.configurations.of(tenant_id)
        loaded = await self.conversations.load(tenant_id, key)
        head, etag = loaded.head, loaded.etag
        if head is None or etag is None:
            if sweeping and not loaded.facts:
                # It was forgotten since, and a crash may have left its contents. Others may ask before it begins.
                await self.archivist.forget_contents(tenant_id, key)
            return False
        if head.outbox:
            await self.outbox.perform_left_over(tenant_id, key)
            return True
        found = look(head.conversation, loaded.facts, head.archived, history, self.clock.now())
        for event in found.facts:
            try:
                await self.recorder.record(tenant_id, event)
            except EventIdConflict:
                # The policy's texts changed while another look recorded the same reminder: it is said already.
                continue
        if found.facts:
            return True
        if found.step == "forget":
            await self.archivist.forget(tenant_id, head, etag)
            return False
        seen = head
        if found.step == "archive":
            seen = await self.archivist.keep(tenant_id, head, loaded.facts)
            found = look(seen.conversation, loaded.facts, seen.archived, history, self.clock.now())
        seen = replace(seen, attention_at=found.again_at, due_at=found.again_at, attention=found.attention)
        if seen != head:
            await self.conversations.save_head(tenant_id, key, seen, etag)
        return found.step is not None
