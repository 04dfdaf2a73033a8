"""`message.posted`: one line, whoever wrote it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Attachment, Author, Line


class MessageData(AddressedData, Line):
    """`message.posted`: one line. `sequence` is the channel's own order among lines of one time.

    `reaction`: the line is no more than a sign that somebody set under another one.
    """

    author: Author
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    sequence: int | None = None
    reaction: bool = False


class MessagePosted(ConversationEvent):
    type: Literal["message.posted"]
    data: MessageData

    subscription: ClassVar[str] = "message-posted"
    contents = frozenset({"text", "attachments"})
    context_variables: ClassVar[Mapping[str, Any]] = {}
    history: ClassVar[tuple[()]] = ()
    is_question = False
    hands_over = False
    goes_on = True
    ends_conversation = False
    looks_back = False
    changes_only_transcript = True
    is_activity: ClassVar[bool] = True

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
        return "always" if self.asks_for_somebody else "ifFirst"

    @property
    def breaks_silence(self) -> bool:
        author = self.author
        is_said = author.role != "system" and not author.smart_assist and not self.data.reaction
        return is_said and self.data.visibility == "public"

    @property
    def invokes_bot(self) -> bool:
        return self.author.role == "bot" and not self.author.smart_assist and not self.data.reaction

    @property
    def asks_for_somebody(self) -> bool:
        return self.author.role == "customer" and not self.data.reaction
