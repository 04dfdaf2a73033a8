"""Reading what was too large for the events of a conversation: it is put back where lines are read, and downloaded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.conversations.fact import Fact
from shared.errors import UnknownAttachment
from shared.events.catalog import Event
from shared.events.claim_check import attachments_of, restored
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
    """The overflow, as whoever reads a conversation needs it. State and routing never do."""

    overflow: Overflow

    async def restored(self, tenant_id: str, key: str, facts: Iterable[Fact]) -> list[Fact]:
        """The facts with their events as they were sent, but for what attachments keep in the overflow.

        What is not there any more stays a claim check. Raises OverflowUnavailable.
        """
        return [await self._restored(tenant_id, key, fact) for fact in facts]

    async def download(self, tenant_id: str, key: str, facts: Iterable[Fact], sha256: str) -> Download:
        """The content of an attachment of these facts. Raises UnknownAttachment, OverflowUnavailable."""
        for fact in facts:
            found = _named(fact.event, sha256)
            if found is not None:
                content = await self.overflow.get(tenant_id, key, sha256)
                if content is None:
                    break
                return Download(*found, content)
        raise UnknownAttachment

    async def _restored(self, tenant_id: str, key: str, fact: Fact) -> Fact:
        checks = fact.event.data.claim_checks
        if not checks:
            return fact
        found = {one.sha256: await self.overflow.get(tenant_id, key, one.sha256) for one in checks.values()}
        contents = {sha256: content for sha256, content in found.items() if content is not None}
        return replace(fact, event=restored(fact.event, contents))


def _named(event: Event, sha256: str) -> tuple[str, str] | None:
    """Name and media type of the event's attachment with this content."""
    for attachment in attachments_of(event):
        for check in attachment.claim_checks.values():
            if check.sha256 == sha256:
                kind = check.content_type.partition(";")[0].strip()
                return attachment.name, kind if _MEDIA_TYPE.fullmatch(kind) else _UNKNOWN_TYPE
    return None
