"""Reads the contents that were too large for a conversation's events: for its transcript, and for download."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.conversations.fact import Fact
from shared.errors import UnknownAttachment
from shared.events.catalog import Event
from shared.events.claim_check import restored
from shared.events.overflow import Overflow

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Download:
    """An attachment's content; `content_type` is a media type without parameters."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Contents:
    """The overflow, for reading a conversation. State and routing never need it."""

    overflow: Overflow

    async def restored(self, tenant_id: str, key: str, facts: Iterable[Fact]) -> list[Fact]:
        """The facts with their events as they were sent. Attachments keep their contents in the overflow.

        A content that is gone leaves its claim check in the event. Raises OverflowUnavailable.
        """
        return [await self._restored(tenant_id, key, fact) for fact in facts]

    async def download(self, tenant_id: str, key: str, facts: Iterable[Fact], sha256: str) -> Download:
        """The content of an attachment of these facts. Raises UnknownAttachment, OverflowUnavailable."""
        for fact in facts:
            attachment = _name_and_type(fact.event, sha256)
            if attachment is not None:
                content = await self.overflow.get(tenant_id, key, sha256)
                if content is None:
                    break
                return Download(*attachment, content)
        raise UnknownAttachment

    async def _restored(self, tenant_id: str, key: str, fact: Fact) -> Fact:
        checks = fact.event.data.claim_checks
        if not checks:
            return fact
        found = {check.sha256: await self.overflow.get(tenant_id, key, check.sha256) for check in checks.values()}
        contents = {sha256: content for sha256, content in found.items() if content is not None}
        return replace(fact, event=restored(fact.event, contents))


def _name_and_type(event: Event, sha256: str) -> tuple[str, str] | None:
    """Name and media type of the event's attachment with this content; None if the event has none."""
    for attachment in event.attachments:
        for check in attachment.claim_checks.values():
            if check.sha256 == sha256:
                media_type = check.content_type.partition(";")[0].strip()
                return attachment.name, media_type if _MEDIA_TYPE.fullmatch(media_type) else _UNKNOWN_TYPE
    return None
