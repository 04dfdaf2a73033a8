"""GET a page of conversations, filtered and sorted."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.reading import LIST_PARAMETERS, selection_named
from shared.usage.bot_session import invoiced_conversation

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations", query=LIST_PARAMETERS)
async def list_conversations(req: func.HttpRequest) -> func.HttpResponse:
    page = await bootstrap.pipeline().conversations.page(
        req.route_params["tenantId"], selection_named(req.params), req.params.get("continuation")
    )
    documents = [invoiced_conversation(head) for head in page.heads]
    return answer({"conversations": documents, "continuation": page.continuation})
