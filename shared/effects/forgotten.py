"""Deletes the overflow contents of forgotten conversations; a note that stands until then survives a crash.

Contents are deleted after their conversation: a line that comes before keeps the whole conversation, and contents could
not be made anew.
"""

import hashlib
from dataclasses import dataclass

from shared.conversations.ports import ConversationStore
from shared.events.overflow import Overflow
from shared.tenants.history import Configurations

NOTES = "!forgotten"
"""The place of the notes in the overflow. Each holds a conversation's key; no key begins with `!`."""


@dataclass(frozen=True)
class ForgottenContents:
    """The contents of conversations that are being forgotten. Each method may raise OverflowUnavailable."""

    conversations: ConversationStore
    configurations: Configurations
    overflow: Overflow

    async def note(self, tenant_id: str, key: str) -> None:
        """Note that the conversation is about to be deleted, and that its contents are to go after it."""
        await self.overflow.put(tenant_id, NOTES, _name(key), key.encode())

    async def delete(self, tenant_id: str, key: str) -> None:
        """Delete the contents of the conversation, which is deleted already, and its note."""
        await self.overflow.delete(tenant_id, key)
        await self.overflow.discard(tenant_id, NOTES, _name(key))

    async def delete_left_over(self) -> int:
        """Delete the contents that a crash left of deleted conversations. Returns the number of conversations."""
        deleted = 0
        for tenant_id in await self.configurations.tenants():
            for name in await self.overflow.names(tenant_id, NOTES):
                note = await self.overflow.get(tenant_id, NOTES, name)
                key = note.decode() if note else ""
                if not note or await self.conversations.read_head(tenant_id, key) is not None:
                    # It was not deleted after all, or came again. It has a note again when it is forgotten.
                    await self.overflow.discard(tenant_id, NOTES, name)
                    continue
                await self.delete(tenant_id, key)
                deleted += 1
        return deleted


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
