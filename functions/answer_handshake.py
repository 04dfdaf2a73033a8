"""GET or OPTIONS a channel's webhook: the vendor's question, before it posts here, whether it may."""

import azure.functions as func

from functions.http import current_request, replied, route
from shared import bootstrap
from shared.dialects.registry import HANDSHAKE_PARAMETERS

blueprint = func.Blueprint()


@route(blueprint, ("GET", "OPTIONS"), "tenants/{tenantId}/channels/{accountId}/{channelId}", query=HANDSHAKE_PARAMETERS)
async def answer_handshake(req: func.HttpRequest) -> func.HttpResponse:
    return replied(await bootstrap.access().handshake(current_request()))
