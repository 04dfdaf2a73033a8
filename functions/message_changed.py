"""A line was changed or removed: the transcript shows it."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.message_changed import MessageChanged

blueprint = func.Blueprint()


@subscribed(blueprint, MessageChanged.subscription)
async def message_changed(message: func.ServiceBusMessage) -> None:
    await deliver(message)
