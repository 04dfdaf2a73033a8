"""`inactivity.timeout`: the question whether anything is due for a conversation."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData
from shared.events.envelope import EventTime


class TimeoutData(AddressedData):
    """`inactivity.timeout`: the question whether the conversation has been silent for too long."""

    due_at: EventTime


class InactivityTimeout(ConversationEvent):
    type: Literal["inactivity.timeout"]
    data: TimeoutData

    subscription: ClassVar[str] = "inactivity-timeout"
    contents = frozenset[str]()
    context_variables: ClassVar[Mapping[str, Any]] = {}
    is_question = True
    hands_over = False
    goes_on = False
    ends_conversation = False
    looks_back = False
    changes_only_transcript = False
    is_activity = False
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    history: ClassVar[tuple[()]] = ()
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False
