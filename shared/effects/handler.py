"""What performs an effect: one handler for each kind."""

from dataclasses import dataclass
from typing import Protocol

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect


@dataclass(frozen=True)
class Done:
    """The effect is done."""


@dataclass(frozen=True)
class KeptOut:
    """Another contribution of the conversation stands instead, at a revision that is no lower."""

    revision: int


class EffectHandler(Protocol):
    """Performs effects of one kind. Performing one twice does no harm."""

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        """Perform the effect. Raises whatever keeps it from being done; it is tried again then."""
        ...
