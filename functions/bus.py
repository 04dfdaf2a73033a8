"""What every Service Bus trigger has in common: its subscription, how the body comes, and what is done with it."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func

from shared import bootstrap
from shared.events.bus import CONNECTION, TOPIC

_BODY = func.DataType.BINARY
"""The body comes as the bytes that were sent.

As text, the Functions host would refuse one that is not UTF-8, and replace the message's properties with the members of
a JSON body that are named like them: an event with an attribute `deliverycount` that is no number would fail in the
worker, before any function could park it.
"""

Handler = Callable[[func.ServiceBusMessage], Awaitable[None]]


def subscribed(blueprint: func.Blueprint, subscription: str) -> Callable[[Handler], Any]:
    """Register the handler as the function that receives the messages of this subscription of the topic."""
    return blueprint.service_bus_topic_trigger(
        arg_name="message",
        topic_name=TOPIC,
        subscription_name=subscription,
        connection=CONNECTION,
        data_type=_BODY,
    )


async def deliver(message: func.ServiceBusMessage) -> None:
    """Record the message's event, or park it. Raises what another delivery may mend."""
    await bootstrap.pipeline().deliveries.deliver(message.get_body())
