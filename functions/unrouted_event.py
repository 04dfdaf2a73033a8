"""A message whose subject is no known type: its body decides which event it is, or it is parked."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.bus import UNROUTED

blueprint = func.Blueprint()


@subscribed(blueprint, UNROUTED)
async def unrouted_event(message: func.ServiceBusMessage) -> None:
    await deliver(message)
