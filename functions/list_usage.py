"""GET the list of a tenant's months, as JSON or as a page."""

import azure.functions as func

from functions.http import route
from functions.usage_http import problem_page, rendered, requested_format
from shared import bootstrap
from shared.usage.render.formats import OVERVIEW_FORMATS

blueprint = func.Blueprint()


@route(
    blueprint, "GET", "tenants/{tenantId}/usage", query=("continuation", "format", "locale"), problem_page=problem_page
)
async def list_usage(req: func.HttpRequest) -> func.HttpResponse:
    chosen, reader = requested_format(req, OVERVIEW_FORMATS)
    overview = await bootstrap.pipeline().usage.overview(req.route_params["tenantId"], req.params.get("continuation"))
    return rendered(overview, chosen, reader)
