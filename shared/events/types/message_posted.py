"""`message.posted`: one line, whoever wrote it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Attachment, Author, Visibility


class MessageData(AddressedData):
    """`message.posted`: one line. `sequence` is the channel's own order among lines of one time."""

    author: Author
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    visibility: Visibility = "public"
    sequence: int | None = None


class MessagePosted(ConversationEvent):
    type: Literal["message.posted"]
    data: MessageData

    subscription: ClassVar[str] = "message-posted"
    contents = frozenset({"text", "attachments"})
    context_variables: ClassVar[Mapping[str, Any]] = {}
    history: ClassVar[tuple[()]] = ()
    is_question = False
    ends_conversation = False
    looks_back = False
    changes_only_transcript = True

    @property
    def author(self) -> Author:
        return self.data.author

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.data.attachments

    @property
    def sequence(self) -> int | None:
        return self.data.sequence

    @property
    def begins_conversation(self) -> Begins:
        return "always" if self.author.role == "customer" else "ifFirst"

    @property
    def breaks_silence(self) -> bool:
        return self.author.role != "system" and not self.author.smart_assist

    @property
    def asks_for_somebody(self) -> bool:
        return self.author.role == "customer"
