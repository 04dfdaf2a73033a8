"""GET a conversation's lines, for the customer or for agents."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.transcript import audience_named

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations/{key}/transcript")
async def get_transcript(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    audience = audience_named(req.params.get("audience", "customer"))
    entries = await bootstrap.pipeline().conversations.transcript(address["tenantId"], address["key"], audience)
    return answer({"entries": [entry.model_dump(mode="json", by_alias=True) for entry in entries]})
