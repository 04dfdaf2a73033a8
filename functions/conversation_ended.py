"""A conversation ended, for good."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.conversation_ended import ConversationEnded

blueprint = func.Blueprint()


@subscribed(blueprint, ConversationEnded.subscription)
async def conversation_ended(message: func.ServiceBusMessage) -> None:
    await deliver(message)
