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
"""How the ids of facts begin with which a conversation is counted: one in 256, as ids are drawn like lots."""
_KNOWN_FOR = timedelta(minutes=10)


def refuse_if_full(facts: Iterable[Fact], known: int) -> None:
    """Raises ConversationFull if any of these new facts comes from outside, and so many are stored already."""
    if known >= MOST_FACTS and not all(fact.is_ours for fact in facts):
        raise ConversationFull(MOST_FACTS)


def is_counted_with(facts: Iterable[str]) -> bool:
    """True if the conversation is to be counted, since facts of these ids are stored that were not loaded with it."""
    return any(fact_id.startswith(_COUNTED_WITH) for fact_id in facts)


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
