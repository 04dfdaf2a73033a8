"""A conversation began: it is routed."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.conversation_started import ConversationStarted

blueprint = func.Blueprint()


@subscribed(blueprint, ConversationStarted.subscription)
async def conversation_started(message: func.ServiceBusMessage) -> None:
    await deliver(message)
