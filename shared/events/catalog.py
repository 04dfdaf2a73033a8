"""The catalogue of event types; `Event` is the union that the codec decodes."""

from typing import Annotated, get_args

from pydantic import Field

from shared.events.conversation_event import ConversationEvent
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled

Event = Annotated[
    ConversationStarted
    | MessagePosted
    | MessageChanged
    | BotEscalated
    | BotFailedOver
    | InactivityTimeout
    | ConversationEnded
    | SessionSettled,
    Field(discriminator="type"),
]  # fmt: skip
EVENT_CLASSES: tuple[type[ConversationEvent], ...] = get_args(get_args(Event)[0])
EVENT_TYPES = tuple(each.type_name() for each in EVENT_CLASSES)
TRAVELLING = tuple(each.type_name() for each in EVENT_CLASSES if each.subscription is not None)
"""The types that senders may say."""
