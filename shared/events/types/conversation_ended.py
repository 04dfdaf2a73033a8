"""`conversation.ended`: a conversation is over."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Attachment, BotHistoryLine, NativeId
from shared.events.envelope import EventTime
from shared.wire import WireModel

EndedBy = Literal["customer", "bot", "agent", "supervisor", "system"]
EndReason = Literal["resolved", "abandoned", "inactivity", "disconnected", "transferred", "other"]


class LastSeen(WireModel):
    """The newest fact that was known when the conversation was ended: its time and its id."""

    at: EventTime
    fact_id: str


class EndedData(AddressedData):
    """`conversation.ended`: who ended it, and why; the two are never mixed.

    With `last_seen`, a newer line of the customer's, or a newer escalation, begins the thread's next conversation. A
    bot that ends the conversation (`bot_id`) may hand over what an escalation does; nobody is asked to take it.
    """

    ended_by: EndedBy
    reason: EndReason
    note: str | None = None
    last_seen: LastSeen | None = None
    bot_id: NativeId | None = None
    summary: str | None = None
    context_variables: dict[str, Any] = Field(default_factory=dict)
    transcript: tuple[BotHistoryLine, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class ConversationEnded(ConversationEvent):
    type: Literal["conversation.ended"]
    data: EndedData

    subscription: ClassVar[str] = "conversation-ended"
    contents = frozenset({"note", "summary", "transcript", "attachments"})
    is_question = False
    hands_over = False
    goes_on = True
    ends_conversation = True
    looks_back = True
    changes_only_transcript = False
    is_activity = True
    author: ClassVar[None] = None
    sequence: ClassVar[None] = None
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.data.attachments

    @property
    def history(self) -> tuple[BotHistoryLine, ...]:
        return self.data.transcript

    @property
    def context_variables(self) -> Mapping[str, Any]:
        return self.data.context_variables

    @property
    def begins_conversation(self) -> Begins:
        # Of such a conversation nobody may have told anything else.
        return "always" if any(line.author.role == "customer" for line in self.history) else "never"
