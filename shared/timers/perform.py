"""Answering the question whether a conversation has been silent for too long."""

from dataclasses import dataclass, replace

from shared.clock import Clock
from shared.conversations.due_actions import due_actions
from shared.conversations.ports import ConversationStore
from shared.conversations.record import Recorder
from shared.effects.archive import Archiver
from shared.effects.outbox import Outbox
from shared.errors import EventIdConflict, HeadChanged
from shared.events.conversation_key import conversation_key
from shared.retry import retrying
from shared.tenants.history import Configurations


@dataclass(frozen=True)
class Timers:
    """Looks at conversations whose time has come. Asking too early, late or twice changes nothing."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    outbox: Outbox
    archiver: Archiver
    clock: Clock

    async def perform_due(self, tenant_id: str, conversation_id: str, *, sweeping: bool = False) -> None:
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
                await self.archiver.forget_contents(tenant_id, key)
            return False
        if head.outbox:
            await self.outbox.perform_left_over(tenant_id, key)
            return True
        due = due_actions(head.conversation, loaded.facts, head.archived, history, self.clock.now())
        for event in due.facts:
            try:
                await self.recorder.record(tenant_id, event)
            except EventIdConflict:
                # The policy's texts changed while another look recorded the same reminder: it is said already.
                continue
        if due.facts:
            return True
        if due.step == "forget":
            await self.archiver.forget(tenant_id, head, etag)
            return False
        seen = head
        if due.step == "archive":
            seen = await self.archiver.keep(tenant_id, head, loaded.facts)
            due = due_actions(seen.conversation, loaded.facts, seen.archived, history, self.clock.now())
        seen = replace(seen, attention_at=due.check_at, due_at=due.check_at, attention=due.attention)
        if seen != head:
            await self.conversations.save_head(tenant_id, key, seen, etag)
        return due.step is not None
