"""Performs the actions that are due for a conversation."""

from dataclasses import dataclass

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
from shared.wire import replace


@dataclass(frozen=True)
class Timers:
    """Performs due actions of conversations. A call that comes early, late or twice changes nothing."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    outbox: Outbox
    archiver: Archiver
    clock: Clock

    async def perform_due(self, tenant_id: str, conversation_id: str, *, from_sweep: bool = False) -> None:
        """Perform what is due for the conversation, or note in its head when to check again.

        A due action is a fact to record (a reminder, an end, a missing start), or, after the end, archiving or
        forgetting the conversation. `from_sweep`: the sweep is the caller, and has read the conversation's head.
        """
        key = conversation_key(conversation_id)
        while await retrying(HeadChanged, self._perform_once, tenant_id, key, from_sweep):
            # An action that was performed may make another one due, or change when to check again.
            continue

    async def _perform_once(self, tenant_id: str, key: str, from_sweep: bool) -> bool:
        """True if any due action was performed. False if nothing else can be due, as for a forgotten conversation."""
        history = await self.configurations.of(tenant_id)
        loaded = await self.conversations.load(tenant_id, key)
        head, etag = loaded.head, loaded.etag
        if head is None or etag is None:
            if from_sweep and not loaded.facts:
                # The conversation was deleted since, and a crash may have left its contents. Other callers may ask
                # about a conversation that has not begun yet, whose contents must stay.
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
                # The policy's texts changed while another process recorded the same reminder, so it is recorded.
                continue
        if due.facts:
            return True
        if due.step == "forget":
            await self.archiver.forget(tenant_id, head, etag)
            return False
        checked = head
        if due.step == "archive":
            checked = await self.archiver.keep(tenant_id, head, loaded.facts, history)
            due = due_actions(checked.conversation, loaded.facts, checked.archived, history, self.clock.now())
        checked = replace(checked, attention_at=due.check_at, due_at=due.check_at, attention=due.attention)
        if checked != head:
            await self.conversations.save_head(tenant_id, key, checked, etag)
        return due.step is not None
