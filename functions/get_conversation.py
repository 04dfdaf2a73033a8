"""GET one conversation as it stands."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.reading import shown

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations/{key}")
async def get_conversation(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    return answer(shown(await bootstrap.pipeline().conversations.one(address["tenantId"], address["key"])))
