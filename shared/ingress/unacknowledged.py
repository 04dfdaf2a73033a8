"""Deletes contents of posts that nobody was told were accepted: after a day their sender does not come again."""

import json
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock
from shared.conversations.ports import ConversationStore
from shared.events.claim_check import checks_of
from shared.events.envelope import parse_time
from shared.events.overflow import POSTS, Overflow
from shared.tenants.configurations import Configurations

KEPT_FOR = timedelta(days=1)
"""How long contents are kept for the sender, who may post the same again."""


@dataclass(frozen=True)
class UnacknowledgedContents:
    """The contents of posts that failed, or whose process died. Each method may raise OverflowUnavailable."""

    conversations: ConversationStore
    configurations: Configurations
    overflow: Overflow
    clock: Clock

    async def delete_left_over(self) -> int:
        """Delete the contents that such posts left more than a day ago. Returns the number of posts.

        What a conversation's facts name stays: the same was posted again, or was on the bus although nobody knew.
        """
        deleted = 0
        for tenant_id in await self.configurations.tenants():
            for name in await self.overflow.names(tenant_id, POSTS):
                note = await self.overflow.get(tenant_id, POSTS, name)
                if note is not None and self.clock.now() - parse_time(json.loads(note)["at"]) >= KEPT_FOR:
                    deleted += await self._delete(tenant_id, name, note)
        return deleted

    async def _delete(self, tenant_id: str, name: str, note: bytes) -> bool:
        """Delete the contents that this note names, and the note. False if the same is posted again meanwhile."""
        for place, contents in json.loads(note)["contents"].items():
            facts = (await self.conversations.load(tenant_id, place)).facts
            named = {check.sha256 for fact in facts for check in checks_of(fact.event)}
            for sha256 in contents:
                if await self.overflow.get(tenant_id, POSTS, name) != note:
                    return False
                if sha256 not in named:
                    await self.overflow.discard(tenant_id, place, sha256)
        # Deleted last, so that after a crash the next run finds it.
        await self.overflow.discard(tenant_id, POSTS, name)
        return True
