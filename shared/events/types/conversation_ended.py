"""`conversation.ended`: a conversation is over."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData
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

    With `last_seen`, a newer line of the customer's, or a newer escalation, begins the thread's next conversation.
    """

    ended_by: EndedBy
    reason: EndReason
    note: str | None = None
    last_seen: LastSeen | None = None


class ConversationEnded(ConversationEvent):
    type: Literal["conversation.ended"]
    data: EndedData

    subscription: ClassVar[str] = "conversation-ended"
    contents = frozenset({"note"})
    context_variables: ClassVar[Mapping[str, Any]] = {}
    is_question = False
    hands_over = False
    ends_conversation = True
    looks_back = True
    changes_only_transcript = False
    is_activity = True
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False
