"""GET a month's usage report, as JSON or as a file: CSV, XLSX, FOCUS."""

import azure.functions as func

from functions.http import guarded
from shared import bootstrap
from shared.usage.render.formats import format_named, render

blueprint = func.Blueprint()


@blueprint.route("tenants/{tenantId}/usage/{month}", methods=["GET"])
@guarded
async def get_usage(req: func.HttpRequest) -> func.HttpResponse:
    chosen = format_named(req.params.get("format"), req.headers.get("Accept", ""))
    report = await bootstrap.pipeline().usage.report(req.route_params["tenantId"], req.route_params["month"])
    name = chosen.file_name(report)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if name else None
    return func.HttpResponse(render(report, chosen), headers=headers, mimetype=chosen.media_type)
