"""A conversation ended, finally."""

import azure.functions as func

from functions.bus import BODY
from shared import bootstrap
from shared.events.bus import CONNECTION, TOPIC

blueprint = func.Blueprint()


@blueprint.service_bus_topic_trigger(
    arg_name="message",
    topic_name=TOPIC,
    subscription_name="conversation-ended",
    connection=CONNECTION,
    data_type=BODY,
)
async def conversation_ended(message: func.ServiceBusMessage) -> None:
    await bootstrap.pipeline().deliveries.deliver(message.get_body())
