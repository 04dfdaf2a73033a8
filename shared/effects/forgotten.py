"""Deletes the overflow contents of forgotten conversations; a note that stands until then survives a crash.

Contents are deleted after their conversation: a line that comes before keeps the whole conversation, and contents could
not be made anew.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.conversations.fact import Fact
from shared.conversations.ports import ConversationStore
from shared.events.claim_check import checks_of
from shared.events.overflow import Overflow
from shared.strict_json import canonical_json
from shared.tenants.configurations import Configurations

NOTES = "!forgotten"
"""The place of the notes in the overflow. Each names a conversation's key and contents; no key begins with `!`."""


@dataclass(frozen=True)
class ForgottenContents:
    """The contents of conversations that are being forgotten. Each method may raise OverflowUnavailable."""

    conversations: ConversationStore
    configurations: Configurations
    overflow: Overflow

    async def note(self, tenant_id: str, key: str, facts: Sequence[Fact]) -> bytes | None:
        """Note that the conversation is about to be deleted, and that these facts' contents are to go after it.

        Returns the note; None if there are no contents.
        """
        named = sorted({check.sha256 for fact in facts for check in checks_of(fact.event)})
        if not named:
            return None
        note = canonical_json({"key": key, "contents": named}).encode()
        await self.overflow.put(tenant_id, NOTES, hashlib.sha256(note).hexdigest(), note)
        return note

    async def delete(self, tenant_id: str, note: bytes) -> None:
        """Delete the contents that the note names, and then the note. Their conversation is deleted already.

        Other contents of its key stay: they belong to an event that is on its way, and begins the conversation anew.
        """
        noted = json.loads(note)
        for sha256 in noted["contents"]:
            await self.overflow.discard(tenant_id, noted["key"], sha256)
        await self.overflow.discard(tenant_id, NOTES, hashlib.sha256(note).hexdigest())

    async def delete_left_over(self) -> int:
        """Delete the contents that a crash left of deleted conversations. Returns the number of conversations.

        A conversation that was not deleted after all, or came again, keeps its note until it is deleted.
        """
        deleted = 0
        for tenant_id in await self.configurations.tenants():
            for name in await self.overflow.names(tenant_id, NOTES):
                note = await self.overflow.get(tenant_id, NOTES, name)
                if note and await self.conversations.read_head(tenant_id, json.loads(note)["key"]) is None:
                    await self.delete(tenant_id, note)
                    deleted += 1
        return deleted
