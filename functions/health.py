"""GET what is reachable: 200, or 503 where something is not."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, guarded
from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.route("health", methods=["GET"])
@guarded
async def health(req: func.HttpRequest) -> func.HttpResponse:
    healthy, document = await bootstrap.pipeline().health.check()
    return answer(document, HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)
