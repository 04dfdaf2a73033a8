"""`message.changed`: a line says something else now, or was removed."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Attachment, Author, NativeId, Visibility


class ChangedData(AddressedData):
    """`message.changed`: what became of the line `message_id`, which is the id of the line's own event.

    `text` and `attachments` are those that the line has now; without one of them it keeps its own. A `private` change
    is for agents alone: the customer's copy keeps what the line said before. `author`: who changed it, if the channel
    says so. `sequence` is the channel's own order among events of one time.
    """

    message_id: NativeId
    text: str | None = None
    attachments: tuple[Attachment, ...] | None = None
    removed: bool = False
    visibility: Visibility = "public"
    author: Author | None = None
    sequence: int | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        given = {"text": self.text, "attachments": self.attachments}
        changed = {name for name, value in given.items() if value is not None or name in self.claim_checks}
        if self.removed and changed:
            raise ValueError(f"removed is true, so there is no {' or '.join(sorted(changed))}")
        if not self.removed and not changed:
            raise ValueError("nothing changes: text, attachments and removed are missing")
        return self


class MessageChanged(ConversationEvent):
    type: Literal["message.changed"]
    data: ChangedData

    subscription: ClassVar[str] = "message-changed"
    contents = frozenset({"text", "attachments"})
    history: ClassVar[tuple[()]] = ()
    context_variables: ClassVar[Mapping[str, Any]] = {}
    is_question = False
    hands_over = False
    goes_on = False
    ends_conversation = False
    looks_back = False
    changes_only_transcript = True
    is_activity = False
    # Whoever changes a line says nothing new with it: no bot is invoked, and nobody is asked for.
    author: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.data.attachments or ()

    @property
    def sequence(self) -> int | None:
        return self.data.sequence
