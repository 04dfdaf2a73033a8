"""A line of a conversation: it joins the transcript."""

import azure.functions as func

from functions.bus import deliver, subscribed

blueprint = func.Blueprint()


@subscribed(blueprint, "message-posted")
async def message_posted(message: func.ServiceBusMessage) -> None:
    await deliver(message)
