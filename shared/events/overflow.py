"""The overflow: keeps contents that are too large for their events, by conversation and SHA-256."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn, checks_of
from shared.events.conversation_key import conversation_key
from shared.events.envelope import format_time
from shared.events.pseudonym import Pseudonyms
from shared.personal_data import Deleted, keeps
from shared.strict_json import canonical_json

POSTS = "!posts"
"""The place of the notes of posts that are not acknowledged yet. Each has a time, and names places and contents."""


@keeps(
    "texts, histories and attachments that are too large for their events",
    found_by="the conversation's key",
    deleted=Deleted.WITH_ITS_CONVERSATION,
    stays="for a day, contents of a post that was never acknowledged",
)
class Overflow(Protocol):
    """Keeps contents by place (a conversation's key) and SHA-256 (hex). Notes have names of their own there.

    Every method may raise OverflowUnavailable.
    """

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        """Store the content. It is durable when this returns, and takes the place of what had the name before."""
        ...

    async def get(self, tenant_id: str, place: str, sha256: str) -> bytes | None:
        """The content; None if there is none."""
        ...

    async def names(self, tenant_id: str, place: str) -> Sequence[str]:
        """The SHA-256 of each content of the place, in order."""
        ...

    async def discard(self, tenant_id: str, place: str, sha256: str) -> None:
        """Delete the content. Does nothing if there is none."""
        ...

    async def delete(self, tenant_id: str, place: str) -> None:
        """Delete all contents of the place. Does nothing if there is none."""
        ...


def place_of(event: Event, pseudonyms: Pseudonyms) -> str:
    """The place of an event's contents: its conversation's key.

    An event without a subject has a place of its own until its conversation is known; no key begins with `+`.
    """
    if event.subject is not None:
        return conversation_key(event.subject)
    channel = event.data.channel
    place = (channel.account_id, channel.channel_id, channel.thread_id) if channel else ()
    return "+" + pseudonyms.of("event", *place, event.source, event.id)


async def publish(
    publisher: EventPublisher,
    overflow: Overflow,
    tenant_id: str,
    pseudonyms: Pseudonyms,
    checked_in: Sequence[CheckedIn],
    now: datetime,
) -> None:
    """Store the contents of events, then publish the events, so that a reader of an event finds its contents.

    A failure in between leaves contents that no event names, and a note by which they are found. The sender's retry
    stores the same again, under the same note, which has its time then, and goes when that succeeds.
    """
    events = [one.event for one in checked_in]
    kept_apart = [one for one in checked_in if one.contents]
    if not kept_apart:
        await publisher.publish(tenant_id, events)
        return
    contents: dict[str, list[str]] = {}
    for one in kept_apart:
        contents.setdefault(place_of(one.event, pseudonyms), []).extend(sorted(one.contents))
    name = hashlib.sha256(canonical_json(contents).encode()).hexdigest()
    note = canonical_json({"at": format_time(now), "contents": contents})
    await overflow.put(tenant_id, POSTS, name, note.encode())
    for one in kept_apart:
        for sha256, content in one.contents.items():
            await overflow.put(tenant_id, place_of(one.event, pseudonyms), sha256, content)
    await publisher.publish(tenant_id, events)
    await overflow.discard(tenant_id, POSTS, name)


async def carry(overflow: Overflow, tenant_id: str, before: str, event: Event) -> None:
    """Copy the contents that the event's checks name from the place `before` to the event's conversation.

    A content that is in neither place stays missing; the transcript names it.
    """
    place = conversation_key(event.subject or "")
    for check in checks_of(event):
        if await overflow.get(tenant_id, place, check.sha256) is None:
            content = await overflow.get(tenant_id, before, check.sha256)
            if content is not None:
                await overflow.put(tenant_id, place, check.sha256, content)
