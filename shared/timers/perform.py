"""Performs the actions that are due for a conversation."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.all_facts import of_all
from shared.conversations.due_actions import DueActions, due_actions
from shared.conversations.fact import Fact
from shared.conversations.ports import ConversationStore, Head, Loaded
from shared.conversations.record import Recorder
from shared.conversations.retention import next_step
from shared.effects.archive import Archiver, archived_facts
from shared.effects.dispatcher import Dispatcher
from shared.errors import EventIdConflict, HeadChanged, Refused
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.retry import retrying
from shared.tenants.configurations import Configurations
from shared.tenants.history import History
from shared.wire import replace

_log = logging.getLogger(__name__)

CHECKED_AGAIN_AFTER = timedelta(hours=1)
"""When a conversation is checked again for which something is due that cannot be done now."""


@dataclass(frozen=True)
class Timers:
    """Performs due actions of conversations. A call that comes early, late or twice changes nothing."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    effects: Dispatcher
    archiver: Archiver
    clock: Clock
    aside: Aside = field(default_factory=Aside)

    async def perform_due(self, tenant_id: str, conversation_id: str) -> None:
        """Perform what is due for the conversation, or note in its head when to check again.

        A due action is a fact to record (a reminder, an end, a missing start), or, after the end, archiving or
        forgetting the conversation. Whoever asks, only what is due by the facts and our clock happens.
        """
        key = conversation_key(conversation_id)
        while await retrying(HeadChanged, self._perform_once, tenant_id, key):
            # An action that was performed may make another one due, or change when to check again.
            continue

    async def _perform_once(self, tenant_id: str, key: str) -> bool:
        """True if any due action was performed. False if nothing else can be due, as for a forgotten conversation."""
        history, now = await self.configurations.of(tenant_id), self.clock.now()
        loaded = await self.conversations.load(tenant_id, key)
        head, etag = loaded.head, loaded.etag
        if head is None or etag is None:
            await self._delete_left_parts(tenant_id, key, loaded.facts, history, now)
            return False
        if head.due_effects(now):
            await self.effects.perform_left_over(tenant_id, key)
            return True
        due = await self._due(head, loaded.facts, history, now)
        if due.facts and await self._are_recorded_now(tenant_id, key, loaded, due.facts):
            return True
        if due.step == "forget" and not head.outbox:
            await self.archiver.forget(tenant_id, head, etag, loaded.facts)
            return False
        checked, archives = head, due.step == "archive"
        if archives:
            checked = await self.archiver.keep(tenant_id, head, loaded.facts, history)
            due = await self._due(checked, loaded.facts, history, now)
        # What is due and cannot be done, because its effects are not, or because it is there already, is checked later.
        next_at = due.next_at(now)
        due_at = now + CHECKED_AGAIN_AFTER if next_at is not None and next_at <= now else next_at
        checked = replace(checked, due_at=due_at, attention=due.attention)
        if checked != head:
            await self.conversations.save_head(tenant_id, key, checked, etag)
        # Its retention may be over as well.
        return archives and due.step is not None

    async def _due(self, head: Head, facts: Sequence[Fact], history: History, now: datetime) -> DueActions:
        return await of_all(self.aside, facts, due_actions, head.conversation, facts, head.archived, history, now)

    async def _delete_left_parts(
        self, tenant_id: str, key: str, facts: Sequence[Fact], history: History, now: datetime
    ) -> None:
        """Delete what two checks at once left in the archive: one added a part after the other had deleted all.

        A head that is missing although its facts are young was lost, whether these are stored or in the archive alone.
        """
        archive = self.archiver.archive
        known = [*facts, *(fact for part in await archive.parts(tenant_id, key) for fact in archived_facts(part))]
        if not known or now >= next_step(known, len(known), history.retention)[1]:
            await archive.delete(tenant_id, key)

    async def _are_recorded_now(self, tenant_id: str, key: str, loaded: Loaded, events: Sequence[Event]) -> bool:
        """Record the events. False if they were there before. Raises HeadChanged, so that they are judged again."""
        try:
            return await self.recorder.record_due(tenant_id, key, loaded, events)
        except EventIdConflict:
            # The policy's texts changed while another process recorded the same reminder, so it is recorded.
            return False
        except Refused as reason:
            # No retry helps, and a question is no event that could be parked.
            _log.warning("a due action was refused: %s", reason.code, extra={"tenant": tenant_id, "code": reason.code})
            return False
