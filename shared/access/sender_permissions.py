"""What a sender may say: one table, and its check for an event. Pure."""

import posixpath
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

from shared.errors import ReservedSource
from shared.events.catalog import Event

Sender = Literal["channel", "publisher", "operator", "bus"]
"""Who says an event: a channel by its proof; a publisher by the tenant's event secret or the role Events.Publish; an
operator who replays it; or whoever is connected to the bus."""
Conversations = Literal["own", "tenant", "all"]
"""Whose conversations a sender may speak about: its channel's, one tenant's, or every tenant's."""


@dataclass(frozen=True)
class SenderPermission:
    """Every sender may say each type that travels, about these conversations, under any source but Patchbay's own."""

    conversations: Conversations


SENDER_PERMISSIONS: Mapping[Sender, SenderPermission] = {
    "channel": SenderPermission("own"),
    "publisher": SenderPermission("tenant"),
    "operator": SenderPermission("tenant"),
    "bus": SenderPermission("all"),
}

_RESERVED = "patchbay"
_END_OF_SEGMENT = re.compile(r"[/?#;]")


def refuse_reserved(event: Event) -> None:
    """Raises ReservedSource for an event that only Patchbay itself may say: it records such events directly.

    A question passes, whatever source it carries: it is answered by the facts and our clock, and never stored.
    """
    if event.is_question:
        return
    if is_reserved(event.source):
        raise ReservedSource("source", f"{event.source[:80]!r} is Patchbay's own; name a source of your own")
    if event.subscription is None:
        raise ReservedSource("type", f"{event.type} is said by Patchbay alone")


@lru_cache(maxsize=1024)
def is_reserved(source: str) -> bool:
    """True for `/patchbay` and what lies below it, however it is spelled."""
    plain = unicodedata.normalize("NFKC", unquote(unquote(source))).casefold().replace("\\", "/")
    first = _END_OF_SEGMENT.split(posixpath.normpath(plain.strip()).lstrip("/."), maxsplit=1)[0]
    return first.strip() == _RESERVED
