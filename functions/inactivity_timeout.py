"""The question whether a conversation has been silent for too long."""

import azure.functions as func

from functions.bus import deliver, subscribed

blueprint = func.Blueprint()


@subscribed(blueprint, "inactivity-timeout")
async def inactivity_timeout(message: func.ServiceBusMessage) -> None:
    await deliver(message)
