"""One model per event type; `Event` is the union that the codec decodes."""

import operator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.events.envelope import Envelope, EventTime
from shared.wire import WireModel

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
NativeId = Annotated[str, StringConstraints(min_length=1, max_length=1024)]

MAX_NAME = 256
MAX_LOCALE = 64

Role = Literal["customer", "bot", "agent", "system"]
EndedBy = Literal["customer", "bot", "agent", "supervisor", "system"]
EndReason = Literal["resolved", "abandoned", "inactivity", "disconnected", "transferred", "other"]
Visibility = Literal["public", "private"]


class ChannelReference(WireModel):
    """Where a conversation takes place: messaging account, channel, and the channel's own thread."""

    account_id: Name
    channel_id: Name
    thread_id: NativeId | None = None


class Customer(WireModel):
    """The customer of a conversation; `locale` is a BCP 47 tag."""

    id: NativeId
    name: Annotated[str, StringConstraints(max_length=MAX_NAME)] | None = None
    locale: Annotated[str, StringConstraints(max_length=MAX_LOCALE)] | None = None


class Author(WireModel):
    """The author of a line. `smart_assist`: a bot that advises the agent; the customer does not talk to it."""

    role: Role
    id: NativeId
    name: str | None = None
    smart_assist: bool = False


class ClaimCheck(WireModel):
    """Stands for content that is too large for its event: its SHA-256 (hex), its bytes, and their media type."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    content_type: str


class Attachment(WireModel):
    """A file or card; `size` in bytes. The channel's other members (a card's `content`) are kept.

    `claim_checks` stand for its members that are kept in the overflow, by their names.
    """

    name: str
    content_type: str
    size: Annotated[int, Field(ge=0)] | None = None
    url: str | None = None
    claim_checks: dict[str, ClaimCheck] = Field(default_factory=dict, exclude_if=operator.not_)


class BotHistoryLine(WireModel):
    """One line of the history that a bot hands over; `id` is the line's native id."""

    id: str | None = None
    time: EventTime | None = None
    author: Author
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    visibility: Visibility = "public"


class AddressedData(WireModel):
    """Data of an event. An event without a subject names its channel's thread in `channel`.

    `claim_checks` stand for its members that are kept in the overflow, by their names.
    """

    channel: ChannelReference | None = None
    claim_checks: dict[str, ClaimCheck] = Field(default_factory=dict)


class StartedData(AddressedData):
    """`conversation.started`: the channel, the customer, and the context variables that are known beforehand."""

    channel: ChannelReference
    work_stream_id: str | None = None
    customer: Customer
    context_variables: dict[str, Any] = Field(default_factory=dict)


class MessageData(AddressedData):
    """`message.posted`: one line. `sequence` is the channel's own order among lines of one time."""

    author: Author
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    visibility: Visibility = "public"
    sequence: int | None = None


class EscalatedData(AddressedData):
    """`bot.escalated`: a bot asks for somebody else. `summary` is for the agent, never for the customer."""

    bot_id: NativeId
    reason: str | None = None
    summary: str | None = None
    context_variables: dict[str, Any] = Field(default_factory=dict)
    transcript: tuple[BotHistoryLine, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class TimeoutData(AddressedData):
    """`inactivity.timeout`: the question whether the conversation has been silent for too long."""

    due_at: EventTime


class LastSeen(WireModel):
    """The newest fact that was known when the conversation was ended: its time and its identity."""

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


class _ConversationEvent(Envelope):
    data: AddressedData

    @model_validator(mode="after")
    def _is_addressed(self) -> Self:
        if self.subject is None and (self.data.channel is None or self.data.channel.thread_id is None):
            raise ValueError("subject is missing, and data.channel does not name accountId, channelId and threadId")
        return self


class ConversationStarted(_ConversationEvent):
    type: Literal["conversation.started"]
    data: StartedData


class MessagePosted(_ConversationEvent):
    type: Literal["message.posted"]
    data: MessageData


class BotEscalated(_ConversationEvent):
    type: Literal["bot.escalated"]
    data: EscalatedData


class InactivityTimeout(_ConversationEvent):
    type: Literal["inactivity.timeout"]
    data: TimeoutData


class ConversationEnded(_ConversationEvent):
    type: Literal["conversation.ended"]
    data: EndedData


Event = Annotated[
    ConversationStarted | MessagePosted | BotEscalated | InactivityTimeout | ConversationEnded,
    Field(discriminator="type"),
]
EVENT_TYPES = ("conversation.started", "message.posted", "bot.escalated", "inactivity.timeout", "conversation.ended")
