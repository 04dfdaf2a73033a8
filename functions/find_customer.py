"""POST a channel's customer to get our id of the customer, and a page of the customer's conversations."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.find import found_document, read_customer

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/customers/find", query=("continuation",))
async def find_customer(req: func.HttpRequest) -> func.HttpResponse:
    customer, page = await bootstrap.pipeline().finder.of_customer(
        req.route_params["tenantId"], read_customer(req.get_body()), req.params.get("continuation")
    )
    conversations = found_document(page.heads)
    return answer({"customer": customer, "conversations": conversations, "continuation": page.continuation})
