"""A conversation ended, for good."""

import azure.functions as func

from functions.bus import deliver, subscribed

blueprint = func.Blueprint()


@subscribed(blueprint, "conversation-ended")
async def conversation_ended(message: func.ServiceBusMessage) -> None:
    await deliver(message)
