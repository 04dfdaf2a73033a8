"""GET one conversation as it is now."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.usage.bot_session import invoiced_conversation

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations/{key}")
async def get_conversation(req: func.HttpRequest) -> func.HttpResponse:
    conversations, address = bootstrap.pipeline().conversations, req.route_params
    head = await conversations.one(address["tenantId"], address["key"])
    return answer(invoiced_conversation(head))
