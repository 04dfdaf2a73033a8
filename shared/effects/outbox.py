"""Performs the effects that a commit left in the head's outbox, and clears them from the head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.conversations.conversation import Conversation
from shared.conversations.effect import CloseThread, Contribute, Effect, FollowUp, caused_by
from shared.conversations.fact import Fact
from shared.conversations.order import in_order
from shared.conversations.ports import ConversationStore, Head
from shared.conversations.unseen import goes_on
from shared.errors import HeadChanged
from shared.retry import retrying
from shared.telemetry import OFF, Telemetry
from shared.threads.resolve import Threads
from shared.threads.thread import ThreadedConversation
from shared.usage.ledger import Ledger, read_row
from shared.usage.posting import post_or_correct


@dataclass(frozen=True)
class Outbox:
    """Performs effects through its ports. Each may be performed again without harm, so a crash costs nothing."""

    conversations: ConversationStore
    ledger: Ledger
    threads: Threads
    telemetry: Telemetry = OFF

    async def perform(self, tenant_id: str, key: str, head: Head, etag: str) -> None:
        """Perform the effects in the head's outbox, and clear them from it, or from the head that replaced it."""
        if not head.outbox:
            return
        kept_out = {
            name: known
            for name, effect in head.outbox.items()
            if (known := await self._perform_one(tenant_id, head.conversation, effect))
        }
        if kept_out and (above := await retrying(HeadChanged, self._begin_above, tenant_id, key, head, kept_out)):
            await self.perform(tenant_id, key, *above)
            return
        try:
            await self.conversations.save_head(tenant_id, key, head.without(head.outbox), etag)
        except HeadChanged:
            await retrying(HeadChanged, self._clear, tenant_id, key, head)

    async def perform_left_over(self, tenant_id: str, key: str) -> None:
        """Perform the effects that a crash left in the conversation's outbox."""
        found = await self.conversations.read_head(tenant_id, key)
        if found is not None and found[0].outbox:
            with self.telemetry.resuming(tenant_id, key, await self._traces(tenant_id, key, found[0])):
                await self.perform(tenant_id, key, *found)

    async def _traces(self, tenant_id: str, key: str, head: Head) -> list[Mapping[str, Any]]:
        """The attributes, with the traces, of the facts that led to these effects; empty if telemetry is off."""
        if not self.telemetry.is_on:
            return []
        ids = {fact_id for effect in head.outbox.values() if (fact_id := caused_by(effect))}
        facts = [await self.conversations.read_fact(tenant_id, key, fact_id) for fact_id in sorted(ids)]
        return [fact.event.attributes for fact in facts if fact]

    async def _clear(self, tenant_id: str, key: str, performed: Head) -> None:
        found = await self.conversations.read_head(tenant_id, key)
        if found is None:
            return
        head, etag = found
        cleared = head.without(performed.outbox)
        if cleared.outbox != head.outbox:
            await self.conversations.save_head(tenant_id, key, cleared, etag)

    async def _begin_above(
        self, tenant_id: str, key: str, performed: Head, kept_out: Mapping[str, int]
    ) -> tuple[Head, str] | None:
        """Where a forgotten conversation's id came again, let the head begin above the revisions of its first life.

        An effect that is in the outbox no more was replaced by a later one, and only this performer was late.
        """
        found = await self.conversations.read_head(tenant_id, key)
        if found is None:
            return None
        head, etag = found
        known = [kept_out[name] for name in kept_out if head.outbox.get(name) == performed.outbox[name]]
        if not known:
            return None
        head = head.at_revision(max(head.revision, *known) + 1)
        return head, await self.conversations.save_head(tenant_id, key, head, etag)

    async def _perform_one(self, tenant_id: str, conversation: Conversation, effect: Effect) -> int:
        """Perform the effect. Returns the revision of a row that stands instead of the effect's; else 0."""
        conversation_id = conversation.conversation_id
        match effect:
            case Contribute(row=row, occasion=occasion):
                return await post_or_correct(self.ledger, tenant_id, read_row(row), occasion)
            case CloseThread(channel=channel, at=at):
                await self.threads.close(tenant_id, channel, conversation_id, at)
            case FollowUp():
                await self._follow_up(tenant_id, conversation, effect)
        return 0

    async def _follow_up(self, tenant_id: str, conversation: Conversation, effect: FollowUp) -> None:
        ended = ThreadedConversation(
            conversation_id=conversation.conversation_id,
            opened_at=conversation.started_at or effect.ended_at,
            customer=effect.customer,
            closed_at=effect.ended_at,
            announced=True,
        )
        for fact in await self._going_on(tenant_id, conversation, effect.fact_id):
            await self.threads.follow_up(tenant_id, effect.channel, ended, fact.event, fact.at)

    async def _going_on(self, tenant_id: str, conversation: Conversation, fact_id: str | None) -> Sequence[Fact]:
        """The fact of the id, or all that go on, in order."""
        if fact_id is not None:
            fact = await self.conversations.read_fact(tenant_id, conversation.key, fact_id)
            assert fact is not None, "a fact that was folded is stored"
            return [fact]
        unseen = conversation.unseen
        facts = (await self.conversations.load(tenant_id, conversation.key)).facts if unseen else ()
        return in_order(fact for fact in facts if unseen and goes_on(fact, unseen))
