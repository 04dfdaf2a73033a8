"""GET a month's usage report: as JSON, as a page, or as a file (CSV, XLSX, FOCUS)."""

import azure.functions as func

from functions.http import route
from functions.usage_http import problem_page, rendered, requested_format
from shared import bootstrap
from shared.usage.render.formats import REPORT_FORMATS, file_name

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/usage/{month}", query=("format", "locale"), problem_page=problem_page)
async def get_usage(req: func.HttpRequest) -> func.HttpResponse:
    chosen, reader = requested_format(req, REPORT_FORMATS)
    month = await bootstrap.pipeline().usage.document(req.route_params["tenantId"], req.route_params["month"])
    return rendered(month, chosen, reader, file_name(month.report, chosen))
