"""GET what is reachable."""

import azure.functions as func

from functions.http import answer, guarded
from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.route("health", methods=["GET"])
@guarded
async def health(req: func.HttpRequest) -> func.HttpResponse:
    return answer(bootstrap.pipeline().health())
