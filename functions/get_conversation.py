"""GET one conversation as it stands."""

import azure.functions as func

from functions.http import answer, guarded
from shared import bootstrap
from shared.conversations.reading import shown

blueprint = func.Blueprint()


@blueprint.route("tenants/{tenantId}/conversations/{key}", methods=["GET"])
@guarded
async def get_conversation(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    return answer(shown(await bootstrap.pipeline().conversations.one(address["tenantId"], address["key"])))
