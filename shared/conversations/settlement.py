"""What a conversation was told last that it counts as in its thread. Pure."""

from collections.abc import Iterable

from shared.conversations.fact import Fact
from shared.events.types.session_settled import NOT_SETTLED, SessionSettled, Settlement


def settlement_of(facts: Iterable[Fact]) -> Settlement:
    """The settlement of the highest revision, in whatever order they came."""
    told = [fact.event.data for fact in facts if isinstance(fact.event, SessionSettled)]
    return max(told, key=lambda data: data.revision).settlement if told else NOT_SETTLED
