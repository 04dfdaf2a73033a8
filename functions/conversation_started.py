"""A conversation began: it is routed."""

import azure.functions as func

from functions.bus import deliver, subscribed

blueprint = func.Blueprint()


@subscribed(blueprint, "conversation-started")
async def conversation_started(message: func.ServiceBusMessage) -> None:
    await deliver(message)
