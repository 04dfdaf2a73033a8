"""GET a page of conversations, by state, queue or bot."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.reading import filters_named
from shared.usage.bot_session import invoiced_conversation

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/conversations")
async def list_conversations(req: func.HttpRequest) -> func.HttpResponse:
    filters = filters_named(req.params)
    heads, continuation = await bootstrap.pipeline().conversations.page(
        req.route_params["tenantId"], filters, req.params.get("continuation")
    )
    documents = [invoiced_conversation(head) for head in heads]
    return answer({"conversations": documents, "continuation": continuation})
