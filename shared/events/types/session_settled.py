"""`session.settled`: what a conversation counts as among those of its thread. Patchbay alone says it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Holder, SpanInvocation
from shared.events.envelope import EventTime
from shared.wire import WireModel


class Settlement(WireModel):
    """What a conversation counts as among those of its thread.

    `continues`: it continues the one before, which `holder` had then. `next_at`: when the next one began, where this
    one has facts that are newer. `invocation`: the first one that conversations which continue this one have, where
    that comes before its own.
    """

    continues: bool = False
    holder: Holder | None = None
    next_at: EventTime | None = None
    invocation: SpanInvocation | None = None


NOT_SETTLED = Settlement()
"""What a conversation counts as by itself."""


class SettledData(Settlement, AddressedData):
    """`session.settled`: of several such facts of a conversation the one with the highest `revision` holds."""

    revision: int

    @property
    def settlement(self) -> Settlement:
        return Settlement(
            continues=self.continues, holder=self.holder, next_at=self.next_at, invocation=self.invocation
        )


class SessionSettled(ConversationEvent):
    type: Literal["session.settled"]
    data: SettledData

    subscription: ClassVar[None] = None
    contents = frozenset[str]()
    history: ClassVar[tuple[()]] = ()
    context_variables: ClassVar[Mapping[str, Any]] = {}
    is_question = False
    hands_over = False
    goes_on = False
    ends_conversation = False
    looks_back = True
    changes_only_transcript = False
    is_activity = False
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False
