"""A bot asks for somebody else: its variables are set, and the rules run again."""

import azure.functions as func

from functions.bus import BODY
from shared import bootstrap
from shared.events.bus import CONNECTION, TOPIC

blueprint = func.Blueprint()


@blueprint.service_bus_topic_trigger(
    arg_name="message",
    topic_name=TOPIC,
    subscription_name="bot-escalated",
    connection=CONNECTION,
    data_type=BODY,
)
async def bot_escalated(message: func.ServiceBusMessage) -> None:
    await bootstrap.pipeline().deliveries.deliver(message.get_body())
