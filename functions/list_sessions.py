"""GET the evidence of a month: each counted session with its proof, each other conversation with the reason."""

import azure.functions as func

from functions.http import answer, guarded
from shared import bootstrap
from shared.wire import flag_named

blueprint = func.Blueprint()


@blueprint.route("tenants/{tenantId}/usage/{month}/sessions", methods=["GET"])
@guarded
async def list_sessions(req: func.HttpRequest) -> func.HttpResponse:
    page = await bootstrap.pipeline().usage.evidence(
        req.route_params["tenantId"],
        req.route_params["month"],
        flag_named("counted", req.params.get("counted")),
        req.params.get("continuation"),
    )
    sessions = [row.model_dump(mode="json", by_alias=True, exclude={"revision"}) for row in page.rows]
    return answer({"sessions": sessions, "continuation": page.continuation})
