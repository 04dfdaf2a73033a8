"""The overflow: where what is too large for an event is kept, under its conversation and its SHA-256."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn, checks_of
from shared.events.conversation_key import conversation_key
from shared.wire import canonical_json


class Overflow(Protocol):
    """Keeps contents by place (a conversation's key) and SHA-256 (hex).

    Every method may raise OverflowUnavailable.
    """

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        """Keep the content; when this returns, it is durable. To put it again changes nothing."""
        ...

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        """The content; None where there is none."""
        ...

    async def delete(self, tenant_id: str, place: str) -> None:
        """Delete all contents of the place. Where there is none, nothing happens."""
        ...


def place_of(event: Event) -> str:
    """Where the contents of an event lie: at its conversation's key.

    An event without a subject has a place of its own until its conversation is known; no key begins with `+`.
    """
    if event.subject is not None:
        return conversation_key(event.subject)
    channel = event.data.channel.model_dump(mode="json") if event.data.channel else None
    return "+" + hashlib.sha256(canonical_json([channel, event.source, event.id]).encode()).hexdigest()


async def publish(
    publisher: EventPublisher, overflow: Overflow, tenant_id: str, checked_in: Sequence[CheckedIn]
) -> None:
    """Publish events, what was kept apart from them first: who reads an event finds what its checks stand for.

    A crash in between leaves contents that nothing names, which a retry of the sender's puts again.
    """
    for one in checked_in:
        for sha256, content in one.contents.items():
            await overflow.put(tenant_id, place_of(one.event), sha256, content)
    await publisher.publish(tenant_id, [one.event for one in checked_in])


async def carry(overflow: Overflow, tenant_id: str, before: str, event: Event) -> None:
    """Copy what the event's checks stand for from the place where it lay before to the event's own.

    What is in neither place stays missing: whoever reads the conversation is told.
    """
    place = place_of(event)
    for check in checks_of(event):
        if await overflow.get(tenant_id, place, check.sha256) is None:
            content = await overflow.get(tenant_id, before, check.sha256)
            if content is not None:
                await overflow.put(tenant_id, place, check.sha256, content)
