"""POST to replay a parked event: as it is (no body), or mended (with the event as the body)."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/parked/{id}/replay")
async def replay_parked(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    event_id = await bootstrap.pipeline().parked_event_service.replay(
        address["tenantId"], address["id"], req.get_body()
    )
    return answer({"accepted": [event_id]}, HTTPStatus.ACCEPTED)
