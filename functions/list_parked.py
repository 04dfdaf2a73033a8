"""GET a page of parked events, each with the reason why it could not be recorded."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.ingress.parked_event_service import parked_document
from shared.wire import flag_named

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/parked", query=("replayed", "continuation"))
async def list_parked(req: func.HttpRequest) -> func.HttpResponse:
    replayed = flag_named("replayed", req.params.get("replayed")) or False
    page = await bootstrap.pipeline().parked_event_service.page(
        req.route_params["tenantId"], req.params.get("continuation"), replayed=replayed
    )
    return answer({"parked": [parked_document(one) for one in page.events], "continuation": page.continuation})
