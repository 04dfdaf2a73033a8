"""`conversation.started`: a conversation begins."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, ChannelReference, Customer


class StartedData(AddressedData):
    """`conversation.started`: the channel, the customer, and the context variables that are known beforehand."""

    channel: ChannelReference
    work_stream_id: str | None = None
    customer: Customer
    context_variables: dict[str, Any] = Field(default_factory=dict)


class ConversationStarted(ConversationEvent):
    type: Literal["conversation.started"]
    data: StartedData

    subscription: ClassVar[str] = "conversation-started"
    contents = frozenset[str]()
    is_question = False
    hands_over = False
    goes_on = False
    ends_conversation = False
    looks_back = True
    changes_only_transcript = False
    is_activity = True
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    history: ClassVar[tuple[()]] = ()
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "always"
    breaks_silence: ClassVar[bool] = True
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False

    @property
    def context_variables(self) -> Mapping[str, Any]:
        return self.data.context_variables
