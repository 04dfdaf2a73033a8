"""The order of a conversation's facts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.conversations.fact import SOURCE, Fact
from shared.events.types.conversation_started import ConversationStarted


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts without duplicates: the earliest start first, the others by time, sequence and id."""
    ordered = sorted({fact.id: fact for fact in facts}.values(), key=lambda fact: fact.order)
    starts = [fact for fact in ordered if isinstance(fact.event, ConversationStarted)]
    # A start that was only assumed, because none came, gives way to the real one.
    start = min(starts, key=is_assumed, default=None)
    return ordered if start is None else [start, *(fact for fact in ordered if fact is not start)]


def is_assumed(start: Fact) -> bool:
    """True if Patchbay itself recorded the start, because none had come in time."""
    return start.event.source == SOURCE


def last_activity(ordered: Sequence[Fact]) -> datetime | None:
    """The latest time of a fact up to the conversation's end; None if there is no fact."""
    end = next((n for n, fact in enumerate(ordered, 1) if fact.event.ends_conversation), None)
    return max((fact.at for fact in ordered[:end]), default=None)
