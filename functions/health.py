"""GET the health of the process: 200 if everything it needs is reachable, else 503."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap

blueprint = func.Blueprint()


@route(blueprint, "GET", "health")
async def health(req: func.HttpRequest) -> func.HttpResponse:
    healthy, document = await bootstrap.pipeline().health.check()
    return answer(document, HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)
