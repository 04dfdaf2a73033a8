"""A line of a conversation: it joins the transcript."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.message_posted import MessagePosted

blueprint = func.Blueprint()


@subscribed(blueprint, MessagePosted.subscription)
async def message_posted(message: func.ServiceBusMessage) -> None:
    await deliver(message)
