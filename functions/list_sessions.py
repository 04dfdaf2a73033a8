"""GET a month's evidence: each counted session with its proof, each conversation not counted, each correction."""

from urllib.parse import urlencode

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.usage.evidence import row_document
from shared.usage.render.evidence import export_format
from shared.usage.report import correction_document
from shared.wire import flag_named

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/usage/{month}/sessions", query=("counted", "continuation", "format"))
async def list_sessions(req: func.HttpRequest) -> func.HttpResponse:
    selection = (
        req.route_params["tenantId"],
        req.route_params["month"],
        flag_named("counted", req.params.get("counted")),
        req.params.get("continuation"),
    )
    usage, name = bootstrap.pipeline().usage, req.params.get("format", "json")
    if name != "json":
        chosen = export_format(name)
        part = await usage.export(*selection, chosen)
        following = {**req.params, "continuation": part.continuation}
        headers = {"Link": f'<?{urlencode(following)}>; rel="next"'} if part.continuation else None
        return func.HttpResponse(part.text.encode(), headers=headers, mimetype=chosen.media_type, charset="utf-8")
    page = await usage.evidence(*selection)
    return answer(
        {
            "sessions": [row_document(row) for row in page.rows],
            "corrections": [correction_document(one) for one in page.corrections],
            "continuation": page.continuation,
        }
    )
