"""POST one CloudEvent (structured or binary mode) or a batch: each is accepted or rejected on its own."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, current_request, route
from shared import bootstrap
from shared.dialects.payload import mistakes_of

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/events")
async def publish_events(req: func.HttpRequest) -> func.HttpResponse:
    request, receiver = current_request(), bootstrap.pipeline().receiver
    admit = bootstrap.access().admit_events
    receipt = await receiver.receive_events(request.address["tenantId"], request.body, request.headers, admit)
    document = {"accepted": list(receipt.accepted), "rejected": mistakes_of(receipt.rejected)}
    return answer(document, HTTPStatus.ACCEPTED)
