"""OPTIONS the route of events: a sender's question, as Event Grid asks it, whether it may post CloudEvents here."""

import azure.functions as func

from functions.http import current_request, replied, route
from shared import bootstrap

blueprint = func.Blueprint()


@route(blueprint, "OPTIONS", "tenants/{tenantId}/events")
async def answer_events_handshake(req: func.HttpRequest) -> func.HttpResponse:
    return replied(await bootstrap.access().handshake(current_request()))
