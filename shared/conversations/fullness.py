"""The bound of a conversation's facts. Beyond it, reading and folding them would hold up others."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.bounded_cache import BoundedCache
from shared.clock import is_recent
from shared.conversations.fact import Fact
from shared.conversations.turns import Place
from shared.errors import ConversationFull

MOST_FACTS = 10_000
"""As many facts as a conversation takes from outside. What Patchbay says itself, such as its end, is always taken."""
_COUNTED_WITH = "ff"
"""Storing a fact whose id begins so makes its conversation be counted. Ids are hashes, so it is one fact in 256."""
_KNOWN_FOR = timedelta(minutes=10)


def refuse_if_full(facts: Iterable[Fact], known: int) -> None:
    """Raises ConversationFull if any of these new facts comes from outside, and so many are stored already."""
    if known >= MOST_FACTS and not all(fact.is_ours for fact in facts):
        raise ConversationFull(MOST_FACTS)


def is_counted_with(fact_ids: Iterable[str]) -> bool:
    """True if storing these facts, without having loaded the others, makes their conversation be counted."""
    return any(fact_id.startswith(_COUNTED_WITH) for fact_id in fact_ids)


class FullConversations:
    """The conversations that this process knows to be full. Each is counted again after ten minutes."""

    def __init__(self) -> None:
        self._full = BoundedCache[Place, datetime]()

    def note(self, place: Place, count: int, now: datetime) -> None:
        """Note how many facts the conversation has."""
        if count >= MOST_FACTS:
            self._full.put(place, now)

    def refuse(self, place: Place, fact: Fact, now: datetime) -> None:
        """Raises ConversationFull for a fact from outside, if the conversation was full a short time ago."""
        if is_recent(self._full.get(place), now, _KNOWN_FOR):
            refuse_if_full([fact], MOST_FACTS)
