"""`bot.failedOver`: a bot left a customer without an answer, so people take over. Patchbay alone says it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.data import AddressedData, Name


class FailedOverData(AddressedData):
    """`bot.failedOver`: the bot that did not answer, and the queue that gets the conversation.

    `message_id` is the id of the fact that it left without an answer: a line, or the conversation's start.
    """

    bot_id: Name
    message_id: str
    queue: Name


class BotFailedOver(ConversationEvent):
    type: Literal["bot.failedOver"]
    data: FailedOverData

    subscription: ClassVar[None] = None
    contents = frozenset[str]()
    history: ClassVar[tuple[()]] = ()
    context_variables: ClassVar[Mapping[str, Any]] = {}
    is_question = False
    hands_over = True
    goes_on = False
    ends_conversation = False
    looks_back = False
    changes_only_transcript = False
    is_activity = True
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    sequence: ClassVar[None] = None
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False
