"""POST a channel's thread to get the keys of its conversations: its native id may stand in no address."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.find import found_document, read_thread

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/conversations/find")
async def find_conversations(req: func.HttpRequest) -> func.HttpResponse:
    heads = await bootstrap.pipeline().finder.in_thread(req.route_params["tenantId"], read_thread(req.get_body()))
    return answer({"conversations": found_document(heads)})
