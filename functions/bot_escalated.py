"""A bot asks for somebody else: its variables are set, and the rules run again."""

import azure.functions as func

from functions.bus import deliver, subscribed
from shared.events.types.bot_escalated import BotEscalated

blueprint = func.Blueprint()


@subscribed(blueprint, BotEscalated.subscription)
async def bot_escalated(message: func.ServiceBusMessage) -> None:
    await deliver(message)
