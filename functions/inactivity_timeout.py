"""The question whether anything is due for a conversation: what is due is performed."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.inactivity_timeout import InactivityTimeout

blueprint = func.Blueprint()


@subscribed(blueprint, InactivityTimeout.subscription)
async def inactivity_timeout(message: func.ServiceBusMessage) -> None:
    await deliver(message)
