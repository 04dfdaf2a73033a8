"""GET every routing decision of a conversation, as JSON or as sentences (text/plain)."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.routing.explain import explain

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations/{key}/routing")
async def get_routing(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    decisions = await bootstrap.pipeline().conversations.decisions(address["tenantId"], address["key"])
    if "text/plain" in req.headers.get("Accept", ""):
        return func.HttpResponse(
            "\n\n".join("\n".join(explain(one)) for one in decisions) + "\n", mimetype="text/plain"
        )
    documents = [{**one.document(), "explanation": explain(one)} for one in decisions]
    return answer({"decisions": documents})
