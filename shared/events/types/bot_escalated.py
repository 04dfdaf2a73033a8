"""`bot.escalated`: a bot asks for somebody else."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Attachment, Author, BotHistoryLine, NativeId


class EscalatedData(AddressedData):
    """`bot.escalated`: a bot asks for somebody else. `summary` is for the agent, never for the customer."""

    bot_id: NativeId
    reason: str | None = None
    summary: str | None = None
    context_variables: dict[str, Any] = Field(default_factory=dict)
    transcript: tuple[BotHistoryLine, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class BotEscalated(ConversationEvent):
    type: Literal["bot.escalated"]
    data: EscalatedData

    subscription: ClassVar[str] = "bot-escalated"
    contents = frozenset({"summary", "transcript", "attachments"})
    is_question = False
    hands_over = True
    goes_on = True
    ends_conversation = False
    looks_back = False
    changes_only_transcript = False
    is_activity = True
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "always"
    breaks_silence: ClassVar[bool] = True
    invokes_bot: ClassVar[bool] = True
    asks_for_somebody: ClassVar[bool] = True

    @property
    def author(self) -> Author:
        return Author(role="bot", id=self.data.bot_id)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.data.attachments

    @property
    def history(self) -> tuple[BotHistoryLine, ...]:
        return self.data.transcript

    @property
    def context_variables(self) -> Mapping[str, Any]:
        return self.data.context_variables
