"""POST one CloudEvent (structured or binary mode) or a batch: each is accepted or rejected on its own."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, lower_case, route
from shared import bootstrap
from shared.dialects.payload import mistakes_of

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/events")
async def publish_events(req: func.HttpRequest) -> func.HttpResponse:
    receiver, headers = bootstrap.pipeline().receiver, lower_case(req.headers)
    receipt = await receiver.receive_events(req.route_params["tenantId"], req.get_body(), headers)
    document = {"accepted": list(receipt.accepted), "rejected": mistakes_of(receipt.rejected)}
    return answer(document, HTTPStatus.ACCEPTED)
